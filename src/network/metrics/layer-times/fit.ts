import type { Metrics } from '../../../core/objective.ts';
import { median } from '../statistics.ts';
import type { Work } from './work.ts';

/** What each kind of work takes on a machine, learned from whole networks that were timed there. Plain data. */
export interface LayerTimes {
  /** Milliseconds for one of it. */
  readonly perUnit: Readonly<Record<string, number>>;
  /** Of networks that it was not learned from: 95 % of the times are foreseen at most so wrongly, as a share of the time. */
  readonly error: number;
  /** Of the dense network. */
  readonly baselineMs: number;
}

export interface TimedWork {
  readonly work: Work;
  /** Of one image, and relative to the dense network that was timed in turns with it. */
  readonly ms: number;
  readonly ratio: number;
}

/** Networks are left out in so many parts, each once, to see how wrong the others are about them. */
const parts = 6;
/** Passes over all kinds of work. */
const passes = 400;
/** Holds amounts of which the timed networks tell nothing near 0. */
const ridge = 1e-4;
/** In place of the largest amount, where all are 0. */
const tiny = 1e-300;

type PerUnit = LayerTimes['perUnit'];

/** By the name of the metric. Nothing is foreseen of a network with a kind of work that no timed one had. */
export function foreseenLatency(work: Work, { perUnit, baselineMs }: LayerTimes): Metrics {
  if (Object.keys(work).some((kind) => perUnit[kind] === undefined)) return {};
  const latencyMs = timeOf(work, perUnit);
  return { latencyMs, latencyRatio: latencyMs / baselineMs };
}

/** In ms: the sum over the work. */
const timeOf = (work: Work, perUnit: PerUnit): number =>
  Object.entries(work).reduce((sum, [kind, amount]) => sum + amount * (perUnit[kind] ?? 0), 0);

/**
 * Times per unit of work, none below 0, for which the relative errors are least, in the square. What slows the machine for
 * a while slows the dense network too: the times are those of the ratios at the dense network's usual speed. Layers are taken
 * to add up, as in the tables of Yang et al. 2018 ("NetAdapt") and Cai et al. 2019 ("ProxylessNAS"); the entries are learned
 * from whole networks instead of from each layer alone, since the engine fuses layers, and what it fuses takes no time of its
 * own. At least `fewestTimed` networks.
 */
export function fitLayerTimes(timed: readonly TimedWork[]): LayerTimes {
  const baselineMs = median(timed.map(({ ms, ratio }) => ms / ratio));
  const samples = timed.map(({ work, ratio }) => ({ work, ms: ratio * baselineMs }));
  return { perUnit: learn(samples), error: errorOf(samples), baselineMs };
}

/** Below this many networks, nothing is learned. */
export const fewestTimed = 4 * parts;

function errorOf(samples: readonly Sample[]): number {
  const errors: number[] = [];
  for (let part = 0; part < parts; part++) {
    const perUnit = learn(samples.filter((_, i) => i % parts !== part));
    for (const [i, { work, ms }] of samples.entries())
      if (i % parts === part) errors.push(Math.abs(timeOf(work, perUnit) / ms - 1));
  }
  errors.sort((a, b) => a - b);
  return errors[Math.ceil(0.95 * errors.length) - 1]!;
}

interface Sample {
  readonly work: Work;
  readonly ms: number;
}

/**
 * Non-negative least squares by coordinate descent (Franc, Hlaváč and Navara 2005, "Sequential coordinate-wise algorithm for
 * the non-negative least squares problem").
 */
function learn(samples: readonly Sample[]): PerUnit {
  const kinds = [...new Set(samples.flatMap(({ work }) => Object.keys(work)))].sort();
  const most = kinds.map((kind) => Math.max(...samples.map(({ work, ms }) => (work[kind] ?? 0) / ms)));
  // [kind][sample], the largest of each kind 1, so that all are alike.
  const columns = kinds.map((kind, k) => samples.map(({ work, ms }) => (work[kind] ?? 0) / ms / Math.max(most[k]!, tiny)));
  const norms = columns.map((column) => column.reduce((sum, x) => sum + x * x, ridge * samples.length));
  const weights = kinds.map(() => 0);
  const residuals = samples.map(() => 1);
  for (let pass = 0; pass < passes; pass++) {
    for (const [k, column] of columns.entries()) {
      const slope = column.reduce((sum, x, i) => sum + x * residuals[i]!, -ridge * samples.length * weights[k]!);
      const next = Math.max(0, weights[k]! + slope / norms[k]!);
      const change = next - weights[k]!;
      if (change === 0) continue;
      weights[k] = next;
      for (const [i, x] of column.entries()) residuals[i]! -= change * x;
    }
  }
  return Object.fromEntries(kinds.map((kind, k) => [kind, weights[k]! / Math.max(most[k]!, tiny)]));
}
