import type { Metrics } from '../../core/objective.ts';
import type { Problem } from './problem.ts';
import { type AxisScale, yardstick } from './quality.ts';
import { differenceInterval, type Interval, mean, median, quantile, ranks } from './statistics.ts';

/** What one searcher did on one problem: the metrics of every trial, seed by seed. */
export interface Runs {
  readonly searcher: string;
  /** Undefined: the trial failed. */
  readonly seeds: readonly (readonly (Metrics | undefined)[])[];
}

/** All hypervolumes are parts of that of the true front, of 1. */
export interface Score {
  readonly searcher: string;
  /** What is missing to the true front after the last trial: 1 − hypervolume, median over the seeds. */
  readonly regret: number;
  /** Mean of the curve over the trials, mean over the seeds: finding early counts. */
  readonly area: number;
  /** Mean place among the searchers, seed by seed, from 1. */
  readonly rank: number;
  /** 95 % interval of its mean final hypervolume less that of the reference; absent for the reference and without one. */
  readonly againstReference?: Interval;
  /** Final hypervolume of every seed. */
  readonly finals: readonly number[];
  /** After each trial: median and quartiles over the seeds. */
  readonly curve: { readonly median: readonly number[]; readonly low: readonly number[]; readonly high: readonly number[] };
}

export interface Comparison {
  readonly problem: string;
  readonly scale: AxisScale;
  readonly trials: number;
  /** Best first by regret. */
  readonly scores: readonly Score[];
}

/** The scales on which a problem is scored: the logarithmic one first, where it has one. */
export const scalesOf = ({ logScale }: Problem): readonly AxisScale[] => (logScale.length > 0 ? ['log', 'linear'] : ['linear']);

/** Scores searchers against the true front, against one another, and against the reference among them (`random`). */
export function compare(problem: Problem, all: readonly Runs[], scale: AxisScale, trials: number, reference: string): Comparison {
  const { curve } = yardstick(problem, scale);
  const curves = all.map(({ seeds }) => seeds.map((metrics) => padded(curve(metrics.slice(0, trials)), trials)));
  const finals = curves.map((list) => list.map((values) => values.at(-1)!));
  const meanRanks = ranksBySeed(finals);
  const referenceFinals = finals[all.findIndex(({ searcher }) => searcher === reference)];
  const scores = all.map(({ searcher }, i): Score => {
    const against = searcher === reference ? undefined : referenceFinals;
    return {
      searcher,
      regret: 1 - median(finals[i]!),
      area: mean(curves[i]!.map(mean)),
      rank: meanRanks[i]!,
      ...(against ? { againstReference: differenceInterval(finals[i]!, against) } : {}),
      finals: finals[i]!,
      curve: bandOf(curves[i]!, trials),
    };
  });
  scores.sort((a, b) => a.regret - b.regret);
  return { problem: problem.name, scale, trials, scores };
}

/** A search that ended early, its space exhausted, stays where it was. */
const padded = (curve: readonly number[], trials: number): number[] =>
  Array.from({ length: trials }, (_, i) => curve[Math.min(i, curve.length - 1)] ?? 0);

function ranksBySeed(finals: readonly (readonly number[])[]): number[] {
  const seeds = Math.min(...finals.map((list) => list.length));
  const bySeed = Array.from({ length: seeds }, (_, seed) => ranks(finals.map((list) => list[seed]!)));
  return finals.map((_, i) => mean(bySeed.map((list) => list[i]!)));
}

function bandOf(curves: readonly (readonly number[])[], trials: number): Score['curve'] {
  const at = (part: number) =>
    Array.from({ length: trials }, (_, trial) =>
      quantile(
        curves.map((values) => values[trial]!),
        part,
      ),
    );
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}
