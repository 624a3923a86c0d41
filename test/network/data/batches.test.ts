import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { type Augment, evaluationBatches, trainBatchCount, trainBatches } from '../../../src/network/data/batches.ts';
import { emptySplit, type ImageShape } from '../../../src/network/data/dataset.ts';

const shape: ImageShape = [2, 5, 4];
const [channels, height, width] = shape;
const size = channels * height * width;
const normalization = { mean: [0.25, 0.5], std: [0.5, 0.125] };
const plain: Augment = { crop: 0, flip: false };

/** Pixels are random; the label is the image's number. */
function randomSplit(count: number) {
  const split = emptySplit(count, size);
  const rng = createRng('batches');
  for (let i = 0; i < split.images.length; i++) split.images[i] = rng.int(256);
  for (let i = 0; i < count; i++) split.labels[i] = i;
  return split;
}

const split = randomSplit(50);

function train(seed: string, augment = plain, batchSize = 8, limit?: number) {
  const options = {
    split,
    shape,
    normalization,
    batchSize,
    rng: createRng(seed),
    augment,
    ...(limit === undefined ? {} : { limit }),
  };
  return Array.from(trainBatches(options), ({ x, labels, images, count }) => ({
    x: x.slice(),
    labels: [...labels],
    images: [...images],
    count,
  }));
}

/** What pixel (c, y, x) of an image is after normalisation, 0 outside. */
function expected(image: number, c: number, y: number, x: number): number {
  if (y < 0 || y >= height || x < 0 || x >= width) return 0;
  const pixel = split.images[image * size + (c * height + y) * width + x]!;
  return Math.fround((pixel / 255 - normalization.mean[c]!) / normalization.std[c]!);
}

function view(image: number, dy: number, dx: number, flip: boolean): number[] {
  const result: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) result.push(expected(image, c, y + dy, (flip ? width - 1 - x : x) + dx));
    }
  }
  return result;
}

describe('trainBatches', () => {
  it('normalises, and shows every image once', () => {
    const batches = train('a', plain, 10);
    expect(batches.map((batch) => batch.count)).toEqual([10, 10, 10, 10, 10]);
    for (const { x, labels } of batches) {
      for (const [i, image] of labels.entries())
        expect([...x.subarray(i * size, (i + 1) * size)]).toEqual(view(image, 0, 0, false));
    }
    const seen = batches.flatMap((batch) => batch.labels);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(seen).not.toEqual(seen.toSorted((a, b) => a - b));
  });

  it('is a function of its stream', () => {
    const augment = { crop: 2, flip: true };
    expect(train('a', augment)).toEqual(train('a', augment));
    expect(train('a', augment)).not.toEqual(train('b', augment));
  });

  it('leaves the incomplete batch out, and stops at the limit', () => {
    expect(train('a', plain, 8)).toHaveLength(6);
    expect(train('a', plain, 8, 20)).toHaveLength(2);
    expect(train('a', plain, 8, 20)).toEqual(train('a', plain, 8).slice(0, 2));
    expect(train('a', plain, 8, 1000)).toHaveLength(6);
  });

  it('counts as announced', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.integer({ min: 1, max: 80 }), { nil: undefined }),
        (batchSize, limit) => {
          const count = trainBatchCount(split.count, batchSize, limit);
          if (count === 0)
            expect(() => train('a', plain, batchSize, limit)).toThrow(expect.objectContaining({ code: 'DATA_BATCH' }));
          else expect(train('a', plain, batchSize, limit)).toHaveLength(count);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('shows each image as one of its shifted and mirrored views, and uses them all', () => {
    const used = new Set<string>();
    for (let epoch = 0; epoch < 12; epoch++) {
      for (const { x, labels } of train(`epoch ${epoch}`, { crop: 1, flip: true }, 10)) {
        for (const [i, image] of labels.entries()) used.add(viewOf(x.subarray(i * size, (i + 1) * size), image));
      }
    }
    expect(used).toEqual(new Set(allViews.map(nameOf)));
  });

  const allViews = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].flatMap((dx) => [false, true].map((flip) => ({ dy, dx, flip }))));
  const nameOf = ({ dy, dx, flip }: { dy: number; dx: number; flip: boolean }) => `${dy} ${dx} ${flip}`;
  function viewOf(x: Float32Array, image: number): string {
    const found = allViews.find(({ dy, dx, flip }) => view(image, dy, dx, flip).every((value, i) => value === x[i]));
    if (!found) throw new Error(`image ${image} is in no view of itself`);
    return nameOf(found);
  }

  it('mirrors about half of the images when it only flips', () => {
    const flipped = train('a', { crop: 0, flip: true }, 50)[0]!;
    const count = flipped.labels.filter((image, i) => {
      const x = [...flipped.x.subarray(i * size, (i + 1) * size)];
      const mirrored = view(image, 0, 0, true).every((value, j) => value === x[j]);
      expect(x).toEqual(view(image, 0, 0, mirrored));
      return mirrored;
    }).length;
    expect(count).toBeGreaterThan(10);
    expect(count).toBeLessThan(40);
  });

  it('overwrites its buffer, as it says', () => {
    const batches = [...trainBatches({ split, shape, normalization, batchSize: 8, rng: createRng('a'), augment: plain })];
    expect(batches[0]!.x.buffer).toBe(batches[1]!.x.buffer);
  });
});

describe('evaluationBatches', () => {
  it('goes through all images in order, the last batch smaller', () => {
    const batches = [...evaluationBatches({ split, shape, normalization, batchSize: 16 })];
    expect(batches.map((batch) => batch.count)).toEqual([16, 16, 16, 2]);
    let image = 0;
    for (const batch of evaluationBatches({ split, shape, normalization, batchSize: 16 })) {
      expect(batch.x).toHaveLength(batch.count * size);
      for (let i = 0; i < batch.count; i++, image++) {
        expect([...batch.x.subarray(i * size, (i + 1) * size)]).toEqual(view(image, 0, 0, false));
        expect(batch.labels[i]).toBe(image);
      }
    }
    expect(image).toBe(50);
  });

  it('stops at the limit, and fits a batch larger than the data', () => {
    const counts = (batchSize: number, limit: number) =>
      [...evaluationBatches({ split, shape, normalization, batchSize, limit })].map((batch) => batch.count);
    expect(counts(16, 20)).toEqual([16, 4]);
    expect(counts(64, 1000)).toEqual([50]);
  });
});

it('a structured clone shares the pixels', () => {
  const clone = structuredClone(split);
  clone.images[3] = split.images[3]! ^ 255;
  expect(split.images[3]).toBe(clone.images[3]);
  expect(split.images.buffer).toBeInstanceOf(SharedArrayBuffer);
});
