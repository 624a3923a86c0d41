import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rewrite, trainingOf } from '../../../src/network/compress/recipe.ts';
import { noFindings } from '../../../src/network/compress/technique.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/network/engine/checkpoint.ts';
import { type TrainOptions, type TrainResult, train } from '../../../src/network/engine/train.ts';
import { quiet, recipe, stripes, tinyResnet } from './helpers.ts';

const dataset = stripes(64);
const graph = tinyResnet(dataset.shape);
const base: TrainOptions = {
  graph,
  dataset,
  recipe: recipe({ batchSize: 16, epochs: 2.5, augment: { crop: 1, flip: true } }),
  seed: 'a',
  hooks: quiet,
};

/** The bits of all weights, and the curve. */
const digest = ({ graph: { initializers }, curve, steps }: TrainResult) => ({
  weights: Object.entries(initializers).map(([name, { data }]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  ]),
  curve,
  steps,
});

/** Pauses at each of these epochs; every pause goes through bytes, as on its way to another process. */
async function inParts(options: TrainOptions, pauses: readonly number[]): Promise<TrainResult> {
  let from: TrainOptions['from'];
  for (const untilEpoch of pauses) {
    const { checkpoint } = await train({ ...options, untilEpoch, ...(from ? { from } : {}) });
    from = decodeCheckpoint(encodeCheckpoint(checkpoint!, 1), 1)!;
  }
  return train({ ...options, ...(from ? { from } : {}) });
}

describe('a paused training', () => {
  it.each([
    ['SGD', {}],
    ['AdamW', { optimizer: 'adamw', learningRate: 0.01 }],
  ] as const)('is bit by bit the uninterrupted one, wherever it was paused (%s)', async (_, settings) => {
    const options = { ...base, restarts: [0.75, 1.5], recipe: { ...base.recipe, ...settings } };
    const whole = digest(await train(options));
    expect(digest(await inParts(options, [0.5, 1, 2.25]))).toEqual(whole);
  });

  it('is the uninterrupted one also where early epochs go over a subset, before, at and after its end', async () => {
    const subset = { fraction: 0.5, epochs: 0.6 };
    const options = { ...base, restarts: [0.75, 1.5, 2], recipe: { ...base.recipe, subset } };
    const whole = await train(options);
    expect(whole.steps).toBe(3 + 4);
    expect(whole.curve.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(digest(await inParts(options, [0.5, 1.5, 2]))).toEqual(digest(whole));
    expect(digest(whole)).not.toEqual(digest(await train(base)));
  });

  it('is the uninterrupted one also where rungs are of data', async () => {
    const settings = { ...base.recipe, epochs: 2, rungs: 'data' as const };
    const options = { ...base, restarts: [0.5, 1, 2], recipe: settings };
    const whole = digest(await train(options));
    expect(whole.steps).toBe(8);
    expect(digest(await inParts(options, [0.5, 1]))).toEqual(whole);
    expect(whole).not.toEqual(digest(await train({ ...options, recipe: { ...settings, rungs: 'epochs' } })));
  });

  it('is the uninterrupted one also where a technique prunes more and more, before and after the end of its schedule', async () => {
    const sites = { 'stage1.block1.conv1': { sparsity: 0.5, when: 'gradual' }, 'stage2.block1.conv1': { sparsity: 0.5 } };
    const plan = { recipe: {}, techniques: { sparsify: sites } };
    const rewritten = rewrite(graph, plan, noFindings);
    const { during } = trainingOf(rewritten, graph, plan);
    const options = { ...base, graph: rewritten, during: during! };
    const whole = digest(await train(options));
    for (const pauses of [[1], [2]]) expect(digest(await inParts(options, pauses))).toEqual(whole);
  });

  it('shows how far it came, and has no checkpoint at its end', async () => {
    const paused = await train({ ...base, untilEpoch: 1.5 });
    expect(paused.steps).toBe(6);
    expect(paused.curve.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(paused.checkpoint).toMatchObject({ steps: 6, open: { count: 32 } });
    expect(paused.checkpoint!.curve).toHaveLength(1);
    expect((await train({ ...base, untilEpoch: 2.5 })).checkpoint).toBeUndefined();
  });

  it('does not change a training that is never paused: one rung is the plain schedule', async () => {
    expect(digest(await train({ ...base, restarts: [2.5], untilEpoch: 2.5 }))).toEqual(digest(await train(base)));
  });

  it('is refused by a training of another shape', async () => {
    const { checkpoint } = await train({ ...base, untilEpoch: 1 });
    const wider = tinyResnet(dataset.shape, { widths: [4, 4, 4] });
    await expect(train({ ...base, graph: wider, from: checkpoint! })).rejects.toMatchObject({ code: 'CHECKPOINT_MISMATCH' });
  });
});

it('checkpoints survive their bytes exactly, and those of another version are not read', () => {
  const float = fc.float32Array({ minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), float), fc.nat(), (vectors, steps) => {
      const checkpoint = { steps, vectors, curve: [], open: { loss: 0.1, correct: 2, count: 3 } };
      const bytes = encodeCheckpoint(checkpoint, 7);
      expect(decodeCheckpoint(bytes, 7)).toEqual(checkpoint);
      expect(decodeCheckpoint(bytes, 8)).toBeUndefined();
    }),
  );
});
