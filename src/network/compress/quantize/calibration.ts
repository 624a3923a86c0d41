import type { ValueStatistics } from '../technique.ts';
import { activationScale } from './parameters.ts';

/** The part of its range that a value is quantized over; what lies beyond is clipped. */
export interface ClippedRange {
  readonly min: number;
  readonly max: number;
}

/**
 * Ways to find that part from a histogram over calibration data. All but the first clip at one distance from 0, so that a
 * range that lies on one side is cut on that side.
 */
export const calibrations = {
  minmax: (statistics: ValueStatistics): ClippedRange => statistics,
  percentile: (statistics: ValueStatistics): ClippedRange => clippedAt(statistics, percentile(magnitudesOf(statistics))),
  entropy: (statistics: ValueStatistics): ClippedRange =>
    clippedAt(statistics, leastDivergence(magnitudesOf(statistics), statistics.min < 0 ? 128 : 256)),
  mse: (statistics: ValueStatistics): ClippedRange => leastSquares(statistics),
} as const;

export type Calibration = keyof typeof calibrations;

const clippedAt = ({ min, max }: ClippedRange, threshold: number): ClippedRange => ({
  min: Math.max(min, -threshold),
  max: Math.min(max, threshold),
});

/** Counts over equal parts of [0, largest] of what values are without their sign. */
interface Magnitudes {
  readonly counts: Float64Array;
  readonly largest: number;
}

function magnitudesOf(statistics: ValueStatistics): Magnitudes {
  const histogram = statistics.histogram!;
  const counts = new Float64Array(histogram.length);
  const largest = Math.max(-statistics.min, statistics.max);
  for (let bin = 0; bin < counts.length; bin++) {
    const place = Math.floor((Math.abs(middle(statistics, bin)) / (largest || 1)) * counts.length);
    counts[Math.min(place, counts.length - 1)]! += histogram[bin]!;
  }
  return { counts, largest };
}

const middle = ({ min, max, histogram }: ValueStatistics, bin: number) => min + ((bin + 0.5) * (max - min)) / histogram!.length;

const sumOf = (counts: Float64Array) => counts.reduce((sum, count) => sum + count, 0);

/** Share of the numbers that are kept whole: NVIDIA's pytorch-quantization has the same default. */
const keptShare = 0.9999;

function percentile({ counts, largest }: Magnitudes): number {
  const wanted = keptShare * sumOf(counts);
  let seen = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    seen += counts[bin]!;
    if (seen >= wanted) return (largest * (bin + 1)) / counts.length;
  }
  return largest;
}

/** Every so many thresholds are tried. */
const entropyStep = 8;

/**
 * The threshold at which the distribution loses least by being told in `levels` numbers: least Kullback–Leibler
 * divergence (Migacz 2017, 8-bit Inference with TensorRT).
 */
function leastDivergence({ counts: all, largest }: Magnitudes, levels: number): number {
  // Zeros are exact whatever the threshold; half of all numbers behind a Relu, they would outweigh the others.
  const counts = Float64Array.from(all).fill(all[1]!, 0, 1);
  let best = { bins: counts.length, divergence: Number.POSITIVE_INFINITY };
  for (let bins = counts.length; bins >= levels; bins -= entropyStep) {
    const divergence = divergenceAt(counts, bins, levels);
    if (divergence < best.divergence) best = { bins, divergence };
  }
  return (largest * best.bins) / counts.length;
}

/** Of what a coarse distribution says to be impossible; the empty part at the threshold may receive all that is clipped. */
const leastProbability = 1e-4;

/** Of the first `bins` counts, with all others in the last of them, from what `levels` equal parts of them can say. */
function divergenceAt(counts: Float64Array, bins: number, levels: number): number {
  const clipped = counts.slice(0, bins);
  const coarse = coarsened(clipped, levels);
  clipped[bins - 1]! += sumOf(counts.subarray(bins));
  const [total, told] = [sumOf(clipped), sumOf(coarse)];
  let divergence = 0;
  for (let bin = 0; bin < bins; bin++) {
    const p = clipped[bin]! / total;
    if (p === 0) continue;
    divergence += p * Math.log(p / Math.max(coarse[bin]! / told, leastProbability));
  }
  return divergence;
}

/** Every one of `levels` parts evened out over those of its bins that are not empty. */
function coarsened(counts: Float64Array, levels: number): Float64Array {
  const result = new Float64Array(counts.length);
  for (let level = 0; level < levels; level++) {
    const [from, to] = [level, level + 1].map((edge) => Math.floor((edge * counts.length) / levels)) as [number, number];
    const part = counts.subarray(from, to);
    const filled = part.reduce((count, value) => count + Number(value > 0), 0);
    const mean = sumOf(part) / filled;
    part.forEach((value, i) => {
      if (value > 0) result[from + i] = mean;
    });
  }
  return result;
}

/** Thresholds that are tried, as shares of the largest magnitude: hundredths. */
function leastSquares(statistics: ValueStatistics): ClippedRange {
  const largest = Math.max(-statistics.min, statistics.max);
  let best: { range: ClippedRange; error: number } = { range: statistics, error: Number.POSITIVE_INFINITY };
  for (let percent = 100; percent >= 10; percent--) {
    const range = clippedAt(statistics, (largest * percent) / 100);
    const error = squaredError(statistics, range);
    if (error < best.error) best = { range, error };
  }
  return best.range;
}

function squaredError(statistics: ValueStatistics, range: ClippedRange): number {
  const { scale, zeroPoint } = activationScale(range);
  const histogram = statistics.histogram!;
  let sum = 0;
  for (let bin = 0; bin < histogram.length; bin++) {
    const value = middle(statistics, bin);
    const level = Math.min(255, Math.max(0, Math.round(value / scale) + zeroPoint));
    sum += histogram[bin]! * (value - scale * (level - zeroPoint)) ** 2;
  }
  return sum;
}
