import { createRng, type Rng } from '../../core/rng.ts';

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Between the two nearest values where the position falls between them (Hyndman and Fan 1996, type 7). */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = part * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Interval {
  readonly low: number;
  readonly high: number;
}

const resamples = 2000;

/**
 * 95 % interval of mean(a) − mean(b) by percentile bootstrap (Efron 1979): both samples are drawn again with replacement.
 * The same samples give the same interval.
 */
export function differenceInterval(a: readonly number[], b: readonly number[]): Interval {
  const rng = createRng('bootstrap', a.length, b.length);
  const differences = Array.from({ length: resamples }, () => resampledMean(a, rng) - resampledMean(b, rng));
  return { low: quantile(differences, 0.025), high: quantile(differences, 0.975) };
}

function resampledMean(values: readonly number[], rng: Rng): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[rng.int(values.length)]!;
  return sum / values.length;
}

/** Place of each value, the largest first, from 1; equal ones share the mean of their places. */
export function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const better = values.filter((other) => other > value).length;
    const equal = values.filter((other) => other === value).length;
    return better + (equal + 1) / 2;
  });
}

/** Spearman's: 1 where both rise together. */
export const rankCorrelation = (a: readonly number[], b: readonly number[]): number => correlation(ranks(a), ranks(b));

/** Pearson's. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const sum = (of: (i: number) => number) => a.reduce((total, _, i) => total + of(i), 0);
  const together = sum((i) => (a[i]! - meanA) * (b[i]! - meanB));
  return together / Math.sqrt(sum((i) => (a[i]! - meanA) ** 2) * sum((i) => (b[i]! - meanB) ** 2));
}
