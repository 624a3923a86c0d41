import { trainMode } from '../autodiff/train-mode.ts';
import type { Batch } from '../data/batches.ts';
import { encode } from '../ir/bytes/encode.ts';
import type { Graph, Tensor } from '../ir/graph.ts';
import { deadCode } from '../ir/passes/dead-code.ts';
import { withBatch } from '../ir/passes/with-batch.ts';
import { lower } from './lowering/index.ts';
import { type SessionOptions, withSession } from './session.ts';

/**
 * A network whose layers were changed, with the statistics of every BatchNormalization taken anew from one batch, all
 * else as it was. Without this, what is left of a pruned network is judged by statistics of the network that it was;
 * with it, its accuracy foretells the fine-tuned one (Li et al. 2020, EagleEye: Fast Sub-net Evaluation for Efficient
 * Neural Network Pruning: adaptive BatchNormalization). `graph`: in training form; unchanged where it has no BatchNormalization.
 */
export async function recalibrateBatchNorm(
  graph: Graph,
  { x, count }: Pick<Batch, 'x' | 'count'>,
  options: SessionOptions = {},
): Promise<Graph> {
  const { graph: model, statistics } = trainMode(withBatch(graph, count));
  if (statistics.length === 0) return graph;
  const outputs = statistics.flatMap(({ batchMean, batchVar }) => [batchMean, batchVar]);
  const bytes = encode(lower(deadCode({ ...model, outputs }), 'portable'));
  const { name, type } = graph.inputs[0]!;
  const shape = [count, ...type.shape.slice(1)];
  const results = await withSession(bytes, options, (session) => session.run({ [name]: { dtype: 'float32', shape, data: x } }));
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  for (const { runningMean, runningVar, batchMean, batchVar, count: numbers } of statistics) {
    const unbiased = numbers / Math.max(1, numbers - 1);
    initializers[runningMean] = tensorOf(results[batchMean]!.data as Float32Array, 1);
    initializers[runningVar] = tensorOf(results[batchVar]!.data as Float32Array, unbiased);
  }
  return { ...graph, initializers };
}

const tensorOf = (data: Float32Array, factor: number): Tensor => ({
  dtype: 'float32',
  shape: [data.length],
  data: data.map((value) => value * factor),
});
