import { type Goal, losses, type Metrics } from '../../core/objective.ts';
import { studentT } from '../../core/student-t.ts';
import { dominates } from './losses.ts';

/** A metric over several trainings of one candidate. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation; 0 for one value. */
  readonly deviation: number;
}

/** A member of a front with what its replications gave. */
export interface Replicated {
  readonly trial: number;
  /** As the search measured it: chosen among many, so rather too good. */
  readonly metrics: Metrics;
  /** Of every replication that did not fail. */
  readonly runs: readonly Metrics[];
}

export interface NoiseReport {
  readonly trial: number;
  readonly spreads: Readonly<Record<string, Spread>>;
  /** Objectives in which the search's own run was better than the replications let one expect: a lucky one-off. */
  readonly lucky: readonly string[];
  /** A member that is better than this one beyond the noise. */
  readonly dominatedBy: number | undefined;
}

/**
 * What is left of a front when its members are trained again. Means are of the replications alone, without the run that was
 * chosen for being good. A member is dominated by another whose means are nowhere worse, and better in one objective by more
 * than the noise: Welch's interval of the difference (95 %) leaves out 0. A run was lucky where it lies beyond the 95 %
 * prediction interval of the replications, on the good side.
 */
export function noiseReports(members: readonly Replicated[], goal: Goal): NoiseReport[] {
  const known = members.filter(({ runs }) => runs.length > 1);
  return known.map((member) => ({
    trial: member.trial,
    spreads: spreadsOf(member.runs),
    lucky: goal.objectives.flatMap(({ metric, direction }) => {
      const values = member.runs.map((run) => run[metric] ?? Number.NaN);
      const better = ((member.metrics[metric] ?? Number.NaN) - spreadOf(values).mean) * (direction === 'maximize' ? 1 : -1);
      return better > predictionWidth(values) ? [metric] : [];
    }),
    dominatedBy: known.find((other) => other !== member && beats(other, member, goal))?.trial,
  }));
}

export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count, mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : 0 };
}

/** Of the metrics that all runs have. */
export function spreadsOf(runs: readonly Metrics[]): Readonly<Record<string, Spread>> {
  const names = Object.keys(runs[0] ?? {}).filter((name) => runs.every((run) => run[name] !== undefined));
  return Object.fromEntries(names.map((name) => [name, spreadOf(runs.map((run) => run[name]!))]));
}

/** Half the 95 % interval in which one more value is expected. */
function predictionWidth(values: readonly number[]): number {
  const { count, deviation } = spreadOf(values);
  return studentT(count - 1) * deviation * Math.sqrt(1 + 1 / count);
}

function beats(a: Replicated, b: Replicated, { objectives }: Goal): boolean {
  const [lossesA, lossesB] = [a, b].map(({ runs }) => objectives.map((_, k) => runs.map((run) => losses(run, objectives)[k]!)));
  const [meansA, meansB] = [lossesA!, lossesB!].map((all) => all.map((values) => spreadOf(values).mean));
  if (!dominates(meansA!, meansB!)) return false;
  return objectives.some((_, k) => meansB![k]! - meansA![k]! > differenceWidth(lossesA![k]!, lossesB![k]!));
}

/** Half the 95 % interval of the difference of two means (Welch 1947). */
function differenceWidth(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [a, b].map((values) => {
    const { count, deviation } = spreadOf(values);
    return { variance: deviation ** 2 / count, freedom: count - 1 };
  });
  const variance = left!.variance + right!.variance;
  if (variance === 0) return 0;
  const freedom = variance ** 2 / (left!.variance ** 2 / left!.freedom + right!.variance ** 2 / right!.freedom);
  return studentT(freedom) * Math.sqrt(variance);
}
