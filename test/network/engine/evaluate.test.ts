import { describe, expect, it } from 'vitest';
import { finalize } from '../../../src/network/compress/recipe.ts';
import type { Dataset, Split } from '../../../src/network/data/dataset.ts';
import { evaluate } from '../../../src/network/engine/evaluate.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import { lazy } from '../../../src/network/ir/passes/lazy.ts';
import { buildModel, modelSpecSchema } from '../../../src/network/models/index.ts';
import { noPlan } from '../../fixtures/compression.ts';
import { quiet, stripes } from './helpers.ts';

/** Three pixels, one per class; the brightest is what `picker` answers. */
const dataset: Pick<Dataset, 'shape' | 'normalization' | 'classes'> = {
  shape: [1, 1, 3],
  normalization: { mean: [0], std: [1] },
  classes: ['a', 'b', 'c'],
};

/** Logits = pixel values / 255 · factor. */
function picker(factor: number): Uint8Array {
  const b = new Builder('picker');
  const x = b.input('x', { dtype: 'float32', shape: [1, 1, 1, 3] });
  const logits = b.op('Flatten', [b.op('Mul', [x, b.scalar(factor)])], { axis: 1 }, { name: 'logits' });
  return encode(b.build([logits]), { symbolicBatch: 'N' });
}

/** Images that `picker` answers with the given classes. */
function split(pairs: readonly (readonly [label: number, answer: number])[]): Split {
  const images = new Uint8Array(pairs.length * 3);
  pairs.forEach(([, answer], i) => {
    images[i * 3 + answer] = 255;
  });
  return { images, labels: Uint8Array.from(pairs, ([label]) => label), count: pairs.length };
}

describe('evaluation', () => {
  it.each([
    ['resnet', { family: 'resnet', depth: 8 }],
    ['mobilenet', { family: 'mobilenet' }],
    ['mlp', { family: 'mlp' }],
  ] as const)('gives the same on any number of threads, to the last bit (%s)', async (_, given) => {
    const images = stripes(300);
    const target = { shape: images.shape, classes: images.classes.length, batch: 1, seed: '1' };
    const model = finalize(buildModel(modelSpecSchema.parse(given), target), noPlan, {});
    const bytes = encode(model, { symbolicBatch: 'N' });
    const [one, ...others] = await Promise.all(
      [1, 2, 3, 8].map((threads) => evaluate(bytes, images, images.train, quiet, { threads })),
    );
    for (const other of others) expect(other).toEqual(one);
  });

  it('counts hits, precision and recall per class, and the cross-entropy', async () => {
    const pairs = [
      [0, 0],
      [0, 0],
      [0, 1],
      [1, 1],
    ] as const;
    const result = await evaluate(picker(2), dataset, split(pairs), quiet);
    const [right, wrong] = [Math.log(Math.exp(2) + 2) - 2, Math.log(Math.exp(2) + 2)];
    expect(result.accuracy).toBe(0.75);
    expect(result.count).toBe(4);
    expect(result.loss).toBeCloseTo((3 * right + wrong) / 4, 5);
    expect(result.perClass).toEqual([
      { precision: 1, recall: 2 / 3, images: 3 },
      { precision: 0.5, recall: 1, images: 1 },
      { precision: 0, recall: 0, images: 0 },
    ]);
  });

  it('asks a network that decides by its images one at a time', async () => {
    const b = new Builder('decider');
    const x = b.op('Flatten', [b.input('x', { dtype: 'float32', shape: [1, 1, 1, 3] })], { axis: 1 });
    const bright = b.op('Greater', [
      b.op('ReduceMin', [b.op('Slice', [x, b.ints([0]), b.ints([1]), b.ints([1])])], { keepdims: 0 }),
      b.scalar(0.5),
    ]);
    b.multi('Where', [bright, x, b.op('Neg', [x])], 1, {}, { name: 'choice', outputs: ['logits'] });
    const file = encode(lazy(b.build(['logits']), 'choice'), { symbolicBatch: 'N' });
    // Only what is bright in its first pixel is answered right: alone each image is, in a batch with another none would be.
    const result = await evaluate(
      file,
      dataset,
      split([
        [0, 0],
        [0, 0],
        [1, 1],
        [2, 2],
      ]),
      quiet,
    );
    expect(result.accuracy).toBe(0.5);
  });

  it('takes every image, also those of a last smaller batch, with a checkpoint between', async () => {
    const pairs = Array.from({ length: 601 }, (_, i) => [i % 3, i % 2 === 0 ? i % 3 : 0] as const);
    let checkpoints = 0;
    const result = await evaluate(picker(1), dataset, split(pairs), { checkpoint: () => checkpoints++ });
    expect(result.count).toBe(601);
    expect(result.accuracy).toBe(pairs.filter(([label, answer]) => label === answer).length / 601);
    expect(checkpoints).toBe(3);
  });

  it('keeps the loss finite where logits are huge', async () => {
    const { loss } = await evaluate(
      picker(1e30),
      dataset,
      split([
        [0, 0],
        [1, 0],
      ]),
      quiet,
    );
    expect(loss).toBeCloseTo(0.5e30, -25);
  });

  it('refuses logits that are no numbers', async () => {
    await expect(evaluate(picker(Number.NaN), dataset, split([[0, 0]]), quiet)).rejects.toMatchObject({
      code: 'ENGINE_NOT_FINITE',
    });
  });
});
