import { NasError } from '../../core/errors.ts';
import type { Rng } from '../../core/rng.ts';
import type { ImageShape, Normalization, Split } from './dataset.ts';
import { imageSize } from './dataset.ts';

/**
 * One batch. `x`, `labels` and `images` are views of buffers that the next batch overwrites: be done with them (a finished
 * `session.run` is), or copy them, before asking for the next one.
 */
export interface Batch {
  /** [count, C, H, W], normalised: (pixel / 255 - mean) / std. */
  readonly x: Float32Array;
  /** [count]. */
  readonly labels: Uint16Array;
  /** [count]: the numbers of the images in their split. */
  readonly images: Int32Array;
  readonly count: number;
}

interface BatchOptions {
  readonly split: Split;
  readonly shape: ImageShape;
  readonly normalization: Normalization;
  readonly batchSize: number;
  /** Use only so many images: of the shuffled epoch in training (a fraction of an epoch), the first ones in evaluation. */
  readonly limit?: number;
}

export interface TrainBatchOptions extends BatchOptions {
  readonly rng: Rng;
  readonly augment: Augment;
  /** Numbers of the images that the epoch goes over; all of the split where absent. */
  readonly images?: Int32Array;
}

export interface Augment {
  /** Shift by up to so many pixels, [up and down, left and right]; what comes in from outside is the mean (0 after normalisation). */
  readonly crop: number | readonly [rows: number, columns: number];
  /** Mirror every second image, left to right. */
  readonly flip: boolean;
}

/** How many batches `trainBatches` gives. */
export function trainBatchCount(count: number, batchSize: number, limit = count): number {
  return Math.floor(Math.min(limit, count) / batchSize);
}

/**
 * One epoch in the order drawn from `rng`, full batches only (the rest of the epoch is left out).
 * Throws NasError DATA_BATCH where there is not one full batch.
 */
export function* trainBatches(options: TrainBatchOptions): Generator<Batch, void, undefined> {
  const { split, shape, batchSize, rng, augment, limit } = options;
  const images = options.images ? [...options.images] : Array.from({ length: split.count }, (_, i) => i);
  const batches = trainBatchCount(images.length, batchSize, limit);
  if (batches < 1) throw noFullBatch(options);
  const order = rng.shuffle(images);
  const fill = createFill(options);
  const batch = emptyBatch(batchSize, shape);
  for (let start = 0; start < batches * batchSize; start += batchSize) {
    for (let i = 0; i < batchSize; i++) {
      const image = order[start + i]!;
      fill(batch.x, i, image, drawView(augment, rng));
      batch.labels[i] = split.labels[image]!;
      batch.images[i] = image;
    }
    yield batch;
  }
}

/** All images in their own order, as they are; the last batch may be smaller. */
export function* evaluationBatches(options: BatchOptions): Generator<Batch, void, undefined> {
  const { split, shape, batchSize } = options;
  const total = Math.min(split.count, options.limit ?? split.count);
  const size = imageSize(shape);
  const fill = createFill(options);
  const { x, labels, images } = emptyBatch(Math.min(batchSize, total), shape);
  for (let start = 0; start < total; start += batchSize) {
    const count = Math.min(batchSize, total - start);
    for (let i = 0; i < count; i++) {
      fill(x, i, start + i, wholeImage);
      labels[i] = split.labels[start + i]!;
      images[i] = start + i;
    }
    yield { x: x.subarray(0, count * size), labels: labels.subarray(0, count), images: images.subarray(0, count), count };
  }
}

/** How an image is looked at: moved by whole pixels (`dy`, `dx` in the source), then mirrored. */
interface View {
  readonly dy: number;
  readonly dx: number;
  readonly flip: boolean;
}

const wholeImage: View = { dy: 0, dx: 0, flip: false };

function drawView({ crop, flip }: Augment, rng: Rng): View {
  if (crop === 0 && !flip) return wholeImage;
  const [rows, columns] = typeof crop === 'number' ? [crop, crop] : crop;
  const shift = (most: number) => (most === 0 ? 0 : rng.int(2 * most + 1) - most);
  return { dy: shift(rows), dx: shift(columns), flip: flip && rng.uniform() < 0.5 };
}

function emptyBatch(count: number, shape: ImageShape): Batch {
  return { x: new Float32Array(count * imageSize(shape)), labels: new Uint16Array(count), images: new Int32Array(count), count };
}

/** Writes image `image` of the split, normalised, to place `place` of a batch. */
function createFill({ split, shape, normalization }: BatchOptions) {
  const [channels, height, width] = shape;
  const size = imageSize(shape);
  const tables = normalizationTables(normalization, channels);
  return (x: Float32Array, place: number, image: number, view: View): void => {
    for (let c = 0; c < channels; c++) {
      const from = image * size + c * height * width;
      copyPlane(x, place * size + c * height * width, split.images, from, height, width, tables[c]!, view);
    }
  };
}

function copyPlane(
  x: Float32Array,
  to: number,
  images: Uint8Array,
  from: number,
  height: number,
  width: number,
  table: Float32Array,
  { dy, dx, flip }: View,
): void {
  for (let row = 0; row < height; row++) {
    const target = to + row * width;
    const source = row + dy;
    if (source < 0 || source >= height) {
      x.fill(0, target, target + width);
      continue;
    }
    const line = from + source * width;
    for (let i = 0; i < width; i++) {
      const column = (flip ? width - 1 - i : i) + dx;
      x[target + i] = column >= 0 && column < width ? table[images[line + column]!]! : 0;
    }
  }
}

/** Per channel the normalised value of each of the 256 pixel values. */
function normalizationTables({ mean, std }: Normalization, channels: number): Float32Array[] {
  return Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean[c]!) / std[c]!),
  );
}

function noFullBatch({ split, batchSize, limit }: TrainBatchOptions): NasError {
  const images = Math.min(limit ?? split.count, split.count);
  return new NasError(
    'DATA_BATCH',
    `a batch of ${batchSize} images needs more than the ${images} at hand: set a smaller batch size.`,
    {
      facts: { batchSize, images },
    },
  );
}
