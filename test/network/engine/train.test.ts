import * as ort from 'onnxruntime-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from '../../../src/core/trial.ts';
import { releaseKept } from '../../../src/network/engine/engines/kept.ts';
import { evaluate } from '../../../src/network/engine/evaluate.ts';
import { type TrainOptions, train } from '../../../src/network/engine/train.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { quiet, recipe, stripes, tinyFashion, tinyResnet } from './helpers.ts';

const dataset = stripes(64);
const graph = tinyResnet(dataset.shape);
const small = recipe({ batchSize: 16, epochs: 2, augment: { crop: 1, flip: true } });

/** The bits of all weights. */
const weights = (trained: Graph) =>
  Object.entries(trained.initializers).map(([name, { data }]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  ]);

describe('training', () => {
  afterEach(() => vi.restoreAllMocks());

  it('learns Fashion-MNIST from a few hundred images', async () => {
    const fashion = await tinyFashion(800);
    const fresh = tinyResnet(fashion.shape, { classes: 10, widths: [4, 8, 16] });
    const settings = recipe({ batchSize: 25, epochs: 4, learningRate: 0.1, labelSmoothing: 0.05 });
    const {
      graph: trained,
      curve,
      steps,
    } = await train({ graph: fresh, dataset: fashion, recipe: settings, seed: 's', hooks: quiet });
    expect(steps).toBe(4 * Math.floor(fashion.train.count / 25));
    expect(curve.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    expect(curve[3]!.loss).toBeLessThan(0.8 * curve[0]!.loss);
    expect(curve[3]!.trainAccuracy).toBeGreaterThan(0.5);
    const { accuracy } = await evaluate(encode(trained, { symbolicBatch: 'N' }), fashion, fashion.validation, quiet);
    expect(accuracy).toBeGreaterThan(0.4);
  });

  it('gives the same weights, bit by bit, for the same seed and any number of threads', async () => {
    const options = { graph, dataset, recipe: small, hooks: quiet };
    const first = await train({ ...options, seed: 'a' });
    const again = await train({ ...options, seed: 'a' });
    const twoThreads = await train({ ...options, seed: 'a', threads: 2 });
    const other = await train({ ...options, seed: 'b' });
    expect(weights(again.graph)).toEqual(weights(first.graph));
    expect(weights(twoThreads.graph)).toEqual(weights(first.graph));
    expect(twoThreads.curve).toEqual(first.curve);
    expect(weights(other.graph)).not.toEqual(weights(first.graph));
  });

  it('does not take the kept step of a recipe that differs in one constant', async () => {
    const trainedWith = async (weightDecay: number) =>
      weights((await train({ graph, dataset, recipe: { ...small, epochs: 0.25, weightDecay }, seed: 'a', hooks: quiet })).graph);
    const [first, other, again] = [await trainedWith(0.01), await trainedWith(0.02), await trainedWith(0.01)];
    expect(other).not.toEqual(first);
    expect(again).toEqual(first);
  });

  it('leaves its session to the next training of an equal step, which gives the same weights', async () => {
    const options = { graph, dataset, recipe: { ...small, epochs: 0.5 }, seed: 'a', hooks: quiet };
    await releaseKept();
    const alone = await train(options);
    const opened = vi.spyOn(ort.InferenceSession, 'create');
    const again = await train({ ...options, graph: tinyResnet(dataset.shape, { seed: 'other weights' }) });
    const asBefore = await train(options);
    expect(opened).not.toHaveBeenCalled();
    expect(weights(asBefore.graph)).toEqual(weights(alone.graph));
    expect(weights(again.graph)).not.toEqual(weights(alone.graph));
  });

  it('closes the kept session before it opens another, and when it is told to', async () => {
    const options = { graph, dataset, recipe: { ...small, epochs: 0.25 }, seed: 'a', hooks: quiet };
    await releaseKept();
    const opened = vi.spyOn(ort.InferenceSession, 'create');
    const sessionOf = async (call: number) => (await opened.mock.results[call]!.value) as ort.InferenceSession;
    await train(options);
    await train({ ...options, recipe: { ...small, batchSize: 8 } });
    await expect((await sessionOf(0)).release()).rejects.toThrow('already disposed');
    await releaseKept();
    await expect((await sessionOf(1)).release()).rejects.toThrow('already disposed');
    expect(opened).toHaveBeenCalledTimes(2);
  });

  it('replaces parameters and running statistics, and nothing else', async () => {
    const { graph: trained } = await train({ graph, dataset, recipe: small, seed: 'a', hooks: quiet });
    const { initializers, ...rest } = trained;
    expect(rest).toEqual({ ...rest, nodes: graph.nodes, inputs: graph.inputs, outputs: graph.outputs, types: graph.types });
    const changed = Object.keys(initializers).filter(
      (name) => initializers[name]!.data.join() !== graph.initializers[name]!.data.join(),
    );
    expect(changed).toEqual(Object.keys(graph.initializers));
  });

  it.each([
    [0.5, 2, [1]],
    [1.25, 5, [1, 2]],
    [0.01, 1, [1]],
  ])('trains %f epochs of 4 steps as %i steps', async (epochs, steps, curve) => {
    const progress: Progress[] = [];
    const hooks = { ...quiet, progress: (each: Progress) => progress.push(each) };
    const result = await train({ graph, dataset, recipe: { ...small, epochs }, seed: 'a', hooks });
    expect(result.steps).toBe(steps);
    expect(result.curve.map(({ epoch }) => epoch)).toEqual(curve);
    expect(progress.map(({ done }) => done)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(progress.at(-1)).toMatchObject({ stage: 'train', total: steps, epoch: curve.length, loss: result.curve.at(-1)!.loss });
  });

  it('sees no image outside of the subset in the epochs that are on it', async () => {
    // The row of an image is its number; the loss adds up the rows of a batch.
    const rows = { shape: [1], data: Float32Array.from({ length: 64 }, (_, i) => i) };
    const objective: NonNullable<TrainOptions['objective']> = ({ b, loss, target }) => {
      const numbers = b.input('rows', { dtype: 'float32', shape: [b.shape(target)[0]!, 1] });
      const sum = b.op('ReduceSum', [numbers, b.ints([0, 1])], { keepdims: 0 });
      return b.op('Add', [b.op('Mul', [loss, b.scalar(0)]), sum]);
    };
    const settings = { ...small, epochs: 3, subset: { fraction: 0.25, epochs: 0.7 } };
    const { curve } = await train({ graph, dataset, recipe: settings, seed: 'a', hooks: quiet, objective, perImage: { rows } });
    const [first, second, all] = curve.map(({ loss }) => loss);
    expect(second).toBe(first);
    expect(all).toBe((63 * 64) / 2 / 4);
  });

  it('trains with AdamW', async () => {
    const settings = recipe({ batchSize: 16, epochs: 6, optimizer: 'adamw', learningRate: 0.02 });
    const { curve } = await train({ graph, dataset, recipe: settings, seed: 'a', hooks: quiet });
    expect(curve.at(-1)!.loss).toBeLessThan(0.8 * curve[0]!.loss);
  });

  it('asks for more images than there are', async () => {
    await expect(train({ graph, dataset, recipe: recipe({ batchSize: 65 }), seed: 'a', hooks: quiet })).rejects.toMatchObject({
      code: 'DATA_BATCH',
    });
  });
});

describe('what techniques add to a training', () => {
  const options = { graph, dataset, recipe: small, seed: 'a', hooks: quiet };

  it('feeds each image its own row, in every batch', async () => {
    // The row of an image is its class: the loss (logits − row)² is small only where row and image belong together.
    const data = new Float32Array(64 * 3);
    dataset.train.labels.forEach((label, i) => {
      data[3 * i + label] = 5;
    });
    const objective: NonNullable<TrainOptions['objective']> = ({ b, logits, target }) => {
      const rows = b.input('rows', { dtype: 'float32', shape: b.shape(target) });
      const difference = b.op('Sub', [rows, b.op('Mul', [target, b.scalar(5)])]);
      const mismatch = b.op('ReduceSum', [b.op('Mul', [difference, difference]), b.ints([0, 1])], { keepdims: 0 });
      return b.op('Add', [mismatch, b.op('Mul', [b.op('ReduceSum', [logits, b.ints([0, 1])], { keepdims: 0 }), b.scalar(0)])]);
    };
    const { curve } = await train({ ...options, objective, perImage: { rows: { shape: [3], data } } });
    expect(curve.map(({ loss }) => loss)).toEqual([0, 0]);
  });

  it('a term pulls the weights', async () => {
    const objective: NonNullable<TrainOptions['objective']> = ({ b, loss }) => {
      const sum = b.op('ReduceSum', [b.op('Abs', ['stem.bn.scale']), b.ints([0])], { keepdims: 0 });
      return b.op('Add', [loss, b.op('Mul', [sum, b.scalar(0.5)])]);
    };
    const scales = (trained: Graph) => (trained.initializers['stem.bn.scale']!.data as Float32Array).reduce((a, b) => a + b, 0);
    const [plain, pulled] = [await train(options), await train({ ...options, objective })];
    expect(scales(pulled.graph)).toBeLessThan(0.9 * scales(plain.graph));
  });

  it('a projection changes the weights after every step, and sees where the training stands', async () => {
    const seen: (readonly [step: number, steps: number])[] = [];
    const { graph: trained } = await train({
      ...options,
      during: (first) => {
        expect(first['stem.weight']).toEqual(graph.initializers['stem.weight']!.data);
        return (weights, { step, steps }) => {
          seen.push([step, steps]);
          weights['stem.weight']!.fill(0, 0, 9);
        };
      },
    });
    expect(seen).toEqual(Array.from({ length: 8 }, (_, i) => [i + 1, 8]));
    const { data } = trained.initializers['stem.weight']!;
    expect([...data.subarray(0, 9)]).toEqual(Array(9).fill(0));
    expect([...data.subarray(9)]).not.toContain(0);
  });
});

describe('a training that goes wrong', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['a learning rate that is no number', Number.NaN],
    ['a learning rate far too high', 1e30],
  ])('diverges with %s', async (_, learningRate) => {
    const failed = train({ graph, dataset, recipe: { ...small, learningRate }, seed: 'a', hooks: quiet });
    await expect(failed).rejects.toMatchObject({
      code: 'DIVERGED',
      exitCode: 1,
      message: expect.stringContaining('lower learning rate') as unknown,
    });
  });

  it('diverges also when only the last step breaks the weights', async () => {
    const settings = { ...small, epochs: 0.01, learningRate: Number.POSITIVE_INFINITY };
    const failed = train({ graph, dataset, recipe: settings, seed: 'a', hooks: quiet });
    await expect(failed).rejects.toMatchObject({
      code: 'DIVERGED',
      message: expect.stringContaining('weights are not finite') as unknown,
    });
  });

  it('stops at the next step when it is told to, and leaves no session open', async () => {
    await releaseKept();
    const opened = vi.spyOn(ort.InferenceSession, 'create');
    let steps = 0;
    const stop = new Error('told to stop');
    const checkpoint = () => {
      steps++;
      if (steps > 3) throw stop;
    };
    await expect(train({ graph, dataset, recipe: small, seed: 'a', hooks: { ...quiet, checkpoint } })).rejects.toBe(stop);
    expect(steps).toBe(4);
    expect(opened).toHaveBeenCalledTimes(1);
    const session = (await opened.mock.results[0]!.value) as ort.InferenceSession;
    await expect(session.release()).rejects.toThrow('already disposed');
  });
});
