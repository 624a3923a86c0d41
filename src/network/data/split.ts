import { NasError } from '../../core/errors.ts';
import { createRng } from '../../core/rng.ts';
import type { ClassLabels, Normalization, Split } from './dataset.ts';
import { emptySplit } from './dataset.ts';

/**
 * Picks `count` images so that every class has its share (largest remainders; ties to the lower class). The choice is a
 * function of the labels and the count alone, the same in every study. Ascending indices.
 */
export function stratifiedChoice(labels: ClassLabels, count: number, purpose: string): number[] {
  const byClass = groupByClass(labels);
  const shares = apportion(
    byClass.map((indices) => indices.length),
    count,
  );
  const chosen = byClass.flatMap((indices, label) => createRng('data', purpose, label).shuffle(indices).slice(0, shares[label]));
  return chosen.sort((a, b) => a - b);
}

/** Splits `total` in proportion to `sizes`, in whole numbers that sum to `total` (Hamilton's method). */
export function apportion(sizes: readonly number[], total: number): number[] {
  const sum = sizes.reduce((a, b) => a + b, 0);
  const exact = sizes.map((size) => (total * size) / sum);
  const shares = exact.map(Math.floor);
  const remainder = (i: number) => exact[i]! - shares[i]!;
  const order = sizes.map((_, i) => i).sort((a, b) => remainder(b) - remainder(a) || a - b);
  const left = total - shares.reduce((a, b) => a + b, 0);
  for (const i of order.slice(0, left)) shares[i]!++;
  return shares;
}

/** The images at `indices`, in that order, in their own shared memory. */
function take(split: Split, indices: readonly number[]): Split {
  const size = split.images.length / split.count;
  const result = emptySplit(indices.length, size);
  indices.forEach((from, to) => {
    result.images.set(split.images.subarray(from * size, (from + 1) * size), to * size);
    result.labels[to] = split.labels[from]!;
  });
  return result;
}

/**
 * Holds `validation` images out of the training images, and keeps `limit` of the others.
 * Throws NasError DATA_TOO_SMALL where nothing is left to train on.
 */
export function holdOut(all: Split, validation: number, limit: number | undefined): { train: Split; validation: Split } {
  if (validation >= all.count) {
    throw new NasError(
      'DATA_TOO_SMALL',
      `validation: ${validation} images cannot be held out of ${all.count} training images. Set data.validation to a smaller number, such as ${Math.max(1, Math.floor(all.count / 6))}.`,
      { facts: { validation, images: all.count } },
    );
  }
  const { rest, taken } = halve(all, validation, 'validation');
  const train = limit === undefined || limit >= rest.count ? rest : take(rest, stratifiedChoice(rest.labels, limit, 'limit'));
  return { train, validation: taken };
}

/** `count` images, the same share of every class, and the rest. */
export function halve(all: Split, count: number, purpose: string): { readonly rest: Split; readonly taken: Split } {
  const chosen = stratifiedChoice(all.labels, count, purpose);
  const isChosen = new Set(chosen);
  const others = Array.from({ length: all.count }, (_, i) => i).filter((i) => !isChosen.has(i));
  return { rest: take(all, others), taken: take(all, chosen) };
}

/** Mean and standard deviation of all pixels of every channel, from their histograms. */
export function normalizationOf({ images, count }: Split, channels = 1): Normalization {
  const plane = images.length / (count * channels);
  const planes = Array.from({ length: channels }, (_, channel) => channelOf(images, channel, channels, plane));
  return { mean: planes.map(({ mean }) => mean), std: planes.map(({ std }) => std) };
}

function channelOf(images: Uint8Array, channel: number, channels: number, plane: number) {
  const histogram = new Float64Array(256);
  for (let start = channel * plane; start < images.length; start += channels * plane) {
    for (let i = start; i < start + plane; i++) histogram[images[i]!]!++;
  }
  const total = images.length / channels;
  let sum = 0;
  let squares = 0;
  histogram.forEach((count, pixel) => {
    sum += count * pixel;
    squares += count * pixel * pixel;
  });
  const mean = sum / total;
  const std = Math.sqrt(squares / total - mean * mean);
  return { mean: mean / 255, std: std > 0 ? std / 255 : 1 };
}

function groupByClass(labels: ClassLabels): number[][] {
  const groups: number[][] = [];
  labels.forEach((label, i) => {
    while (groups.length <= label) groups.push([]);
    groups[label]!.push(i);
  });
  return groups;
}
