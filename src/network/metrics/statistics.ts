import { studentT } from '../../core/student-t.ts';

/** An interval with the middle that it is about. */
export interface Interval {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/** Below this many values the smallest and the largest do not enclose the median with 95 % confidence. */
export const fewestForInterval = 6;

/**
 * Median with its distribution-free 95 % confidence interval: the narrowest pair of order statistics, equally far from both
 * ends, that encloses the median of the underlying distribution with at least 95 % (sign test; David and Nagaraja, Order
 * Statistics, 2003, 7.1). Needs independent values and nothing about their distribution. With fewer than 6 values the whole
 * range. `values` must not be empty.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = intervalRank(sorted.length);
  return { low: sorted[rank - 1]!, middle: middleOf(sorted), high: sorted[sorted.length - rank]! };
}

/**
 * The interval in which the next of such values is expected with 95 %, around their geometric mean: Student's t on their
 * logarithms (Hahn and Meeker, Statistical Intervals, 1991, 4.7), made `wider` by a factor. At least 2 values, all above 0.
 */
export function predictionInterval(values: readonly number[], wider = 1): Interval {
  const logs = values.map(Math.log);
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (logs.length - 1);
  const half = wider * studentT(logs.length - 1) * Math.sqrt(variance * (1 + 1 / logs.length));
  return { low: Math.exp(mean - half), middle: Math.exp(mean), high: Math.exp(mean + half) };
}

/** The least of the values that at least this share of the weight does not exceed. `values` must not be empty. */
export function weightedQuantile(values: readonly { readonly value: number; readonly weight: number }[], share: number): number {
  const sorted = values.toSorted((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  let reached = 0;
  for (const { value, weight } of sorted) {
    reached += weight;
    if (reached >= share * total) return value;
  }
  return sorted.at(-1)!.value;
}

export const median = (values: readonly number[]): number => middleOf(values.toSorted((a, b) => a - b));

function middleOf(sorted: readonly number[]): number {
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1]! + sorted[half]!) / 2 : sorted[Math.floor(half)]!;
}

/**
 * The largest rank r with P(X₍ᵣ₎ ≤ median ≤ X₍ₙ₊₁₋ᵣ₎) = 1 - 2·P(Bin(n, ½) < r) ≥ 95 %, at least 1. Binomial terms by their
 * logarithms, since ½ⁿ underflows beyond n = 1074.
 */
export function intervalRank(n: number): number {
  let logTerm = -n * Math.LN2;
  let below = Math.exp(logTerm);
  let rank = 0;
  while (below <= 0.025 && rank < n / 2) {
    rank++;
    logTerm += Math.log((n - rank + 1) / rank);
    below += Math.exp(logTerm);
  }
  return Math.max(1, rank);
}

/** Standard deviation relative to the mean (n - 1 in the denominator). */
export function coefficientOfVariation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1)) / mean;
}
