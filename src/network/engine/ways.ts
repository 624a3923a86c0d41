import { evaluationBatches } from '../data/batches.ts';
import { encode } from '../ir/bytes/encode.ts';
import type { Graph } from '../ir/graph.ts';
import { macs } from '../ir/macs.ts';
import { traced } from '../ir/passes/traced.ts';
import { withBatch } from '../ir/passes/with-batch.ts';
import type { Way } from '../ir/ways.ts';
import type { Images } from './findings.ts';
import type { EngineHooks } from './hooks.ts';
import { withSession } from './session.ts';

/**
 * The ways that images take through an exported network, one image at a time, the most frequent first: its numbers are those of
 * the file, which here also says what it decided.
 */
export async function waysOf(graph: Graph, images: Images, hooks: Pick<EngineHooks, 'checkpoint'>): Promise<readonly Way[]> {
  const single = withBatch(graph, 1);
  const { graph: telling, decisions } = traced(single);
  const all = Array.from({ length: images.split.count }, (_, i) => i);
  if (decisions.length === 0) return [{ decisions: {}, macs: macs(single).total, images: all }];
  const byTrace = new Map<string, { trace: ArrayLike<number>; images: number[] }>();
  await withSession(encode(telling), {}, async (session) => {
    const [input, output] = [session.inputs[0]!, session.outputs.at(-1)!];
    for (const { x, images: numbers } of evaluationBatches({ ...images, batchSize: 1 })) {
      hooks.checkpoint();
      const results = await session.run({ [input]: { dtype: 'float32', shape: [1, ...images.shape], data: x } });
      const trace = results[output]!.data as Float32Array;
      const way = byTrace.get(trace.join()) ?? { trace, images: [] };
      byTrace.set(trace.join(), way);
      way.images.push(numbers[0]!);
    }
  });
  const ways = [...byTrace.values()].map(({ trace, images: numbers }) => {
    const met = decisions.flatMap((name, i) => (trace[i] === 0 ? [] : [[name, trace[i]! > 0] as const]));
    const taken = Object.fromEntries(met);
    return { decisions: taken, macs: macs(single, taken).total, images: numbers };
  });
  return ways.sort((a, b) => b.images.length - a.images.length || a.images[0]! - b.images[0]!);
}
