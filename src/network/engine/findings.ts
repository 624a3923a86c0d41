import type { Rng } from '../../core/rng.ts';
import { buildTrainStep, type Slot } from '../autodiff/train-step.ts';
import { evaluationBatches } from '../data/batches.ts';
import { type Dataset, imageSize, type Split } from '../data/dataset.ts';
import { Builder } from '../ir/builder.ts';
import { encode } from '../ir/bytes/encode.ts';
import type { Graph, Tensor } from '../ir/graph.ts';
import { dtypeCodes, elementCount } from '../ir/graph.ts';
import { deadCode } from '../ir/passes/dead-code.ts';
import { withBatch } from '../ir/passes/with-batch.ts';
import { rebuild } from '../ir/rebuild.ts';
import type { EngineHooks } from './hooks.ts';
import { lower } from './lowering/index.ts';
import type { Rows } from './rows.ts';
import { withSession } from './session.ts';

/** Images with the settings to read them. */
export interface Images extends Pick<Dataset, 'shape' | 'normalization'> {
  readonly split: Split;
}

type Checkpoint = Pick<EngineHooks, 'checkpoint'>;

/** Images of one step of `collectGradients`: enough for BatchNormalization, few enough that gradients differ. */
const gradientBatch = 64;
/** Images of one run otherwise. */
const batchSize = 128;

/** So many images of a split, drawn without replacement: a split of a folder may be sorted by class. */
export function sampleOf({ split, shape, normalization }: Images, count: number, rng: Rng): Images {
  const size = imageSize(shape);
  const drawn = rng.shuffle(Array.from({ length: split.count }, (_, i) => i)).slice(0, count);
  const images = new Uint8Array(drawn.length * size);
  drawn.forEach((image, i) => {
    images.set(split.images.subarray(image * size, (image + 1) * size), i * size);
  });
  const labels = Uint16Array.from(drawn, (image) => split.labels[image]!);
  return { split: { images, labels, count: drawn.length }, shape, normalization };
}

/** Of every named activation [N, C, …] of an inference graph, in what share of its numbers each channel is above 0. */
export async function collectActivity(
  graph: Graph,
  values: readonly string[],
  images: Images,
  hooks: Checkpoint,
): Promise<Record<string, Float64Array>> {
  const sums = values.map((value) => new Float64Array(graph.types[value]!.shape[1]!));
  const { name: input } = graph.inputs[0]!;
  await withSession(encode(sharesOf(graph, values), { symbolicBatch: 'N' }), {}, async (session) => {
    for (const { x, count } of evaluationBatches({ ...images, batchSize })) {
      hooks.checkpoint();
      const results = await session.run({ [input]: { dtype: 'float32', shape: [count, ...images.shape], data: x } });
      session.outputs.forEach((output, i) => {
        (results[output]!.data as Float32Array).forEach((share, channel) => {
          sums[i]![channel]! += (share * count) / images.split.count;
        });
      });
    }
  });
  return Object.fromEntries(values.map((value, i) => [value, sums[i]!]));
}

/** The graph with the shares of each value, [C], as its outputs. */
function sharesOf(graph: Graph, values: readonly string[]): Graph {
  const b = Builder.from(graph);
  const outputs = values.map((value) => {
    const above = b.op('Cast', [b.op('Greater', [value, b.scalar(0)])], { to: dtypeCodes.float32 });
    const axes = b.shape(value).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    return b.op('ReduceMean', [above], { axes, keepdims: 0 }, { name: `${value}/active` });
  });
  return deadCode(b.build(outputs));
}

/** Gradients of cross-entropy by every trained parameter at the graph's weights, batch by batch; at most 8 batches. */
export async function collectGradients(
  graph: Graph,
  images: Images,
  hooks: Checkpoint,
): Promise<readonly Readonly<Record<string, Float32Array>>[]> {
  const batch = Math.min(gradientBatch, images.split.count);
  const optimizer = { name: 'sgd', momentum: 0, nesterov: false } as const;
  const step = buildTrainStep(withBatch(graph, batch), { optimizer, weightDecay: 0, batchNormMomentum: 0 });
  const gradient = deadCode(rebuild(step.graph, { outputs: ['theta.grad'] }));
  const feeds: Record<string, Tensor> = Object.fromEntries(gradient.inputs.map(({ name, type }) => [name, zeros(type.shape)]));
  for (const { name, offset } of step.parameters) floats(feeds['theta']!).set(floats(graph.initializers[name]!), offset);
  const found: Readonly<Record<string, Float32Array>>[] = [];
  const classes = feeds['target']!.shape[1]!;
  await withSession(encode(lower(gradient, 'portable')), {}, async (session) => {
    for (const { x, labels, count } of evaluationBatches({ ...images, batchSize: batch })) {
      if (count < batch) break;
      hooks.checkpoint();
      floats(feeds[graph.inputs[0]!.name]!).set(x);
      floats(feeds['target']!).fill(0);
      labels.forEach((label, i) => {
        floats(feeds['target']!)[i * classes + label] = 1;
      });
      const results = await session.run(feeds);
      found.push(byParameter(floats(results['theta.grad']!), step.parameters));
    }
  });
  return found;
}

const byParameter = (flat: Float32Array, parameters: readonly Slot[]): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(parameters.map(({ name, offset, size }) => [name, flat.slice(offset, offset + size)]));

/** A value [N, …] of an inference graph for every image of a split, in the split's order. */
export async function collectRows(graph: Graph, value: string, images: Images, hooks: Checkpoint): Promise<Rows> {
  const shape = graph.types[value]!.shape.slice(1);
  const size = elementCount(shape);
  const data = new Float32Array(images.split.count * size);
  const { name: input } = graph.inputs[0]!;
  let row = 0;
  await withSession(encode(deadCode(rebuild(graph, { outputs: [value] })), { symbolicBatch: 'N' }), {}, async (session) => {
    for (const { x, count } of evaluationBatches({ ...images, batchSize })) {
      hooks.checkpoint();
      const results = await session.run({ [input]: { dtype: 'float32', shape: [count, ...images.shape], data: x } });
      data.set(floats(results[value]!), row * size);
      row += count;
    }
  });
  return { shape, data };
}

const zeros = (shape: readonly number[]): Tensor => ({ dtype: 'float32', shape, data: new Float32Array(elementCount(shape)) });

const floats = (tensor: Tensor): Float32Array => tensor.data as Float32Array;
