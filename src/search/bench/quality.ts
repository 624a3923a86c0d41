import { type Goal, losses, type Metrics, violation } from '../../core/objective.ts';
import { hypervolume, Staircase } from '../study/hypervolume.ts';
import type { Losses } from '../study/losses.ts';
import { ParetoArchive } from '../study/pareto.ts';
import type { Problem } from './problem.ts';

export type AxisScale = 'linear' | 'log';

/** Measures how much of what can be found has been found, in the problem's box: 0 is nothing, 1 the true front. */
export interface Yardstick {
  readonly scale: AxisScale;
  /** Hypervolume of the true front, as part of the box. */
  readonly best: number;
  /** The part of `best` that is reached after each of these trials; undefined where a trial failed. */
  readonly curve: (trials: readonly (Metrics | undefined)[]) => number[];
}

/** `log`: the objectives of `problem.logScale` by their logarithm. */
export function yardstick(problem: Problem, scale: AxisScale = 'linear'): Yardstick {
  const place = placing(problem, scale);
  const best = problem.frontVolume ?? hypervolume(problem.front.map(place), ones(problem));
  return {
    scale,
    best,
    curve: (trials) => growth(trials, problem, place).map((volume) => volume / best),
  };
}

const ones = ({ goal }: Problem): Losses => goal.objectives.map(() => 1);

/** Losses in the box: 0 at its best corner, 1 at its worst, outside of [0, 1] outside of it. */
export function placing({ goal, box, logScale }: Problem, scale: AxisScale): (metrics: Metrics) => Losses {
  const inLog = goal.objectives.map(({ metric }) => scale === 'log' && logScale.includes(metric));
  const raw = (metrics: Metrics) => losses(metrics, goal.objectives).map((loss, i) => (inLog[i] ? signedLog(loss) : loss));
  const best = raw(box.best);
  const worst = raw(box.worst);
  return (metrics) => raw(metrics).map((loss, i) => (loss - best[i]!) / (worst[i]! - best[i]!));
}

/** Losses of metrics to be maximized are negative. */
const signedLog = (loss: number): number => Math.sign(loss) * Math.log(Math.abs(loss));

/** The hypervolume after each trial; infeasible trials add nothing. Two objectives are updated point by point. */
function growth(trials: readonly (Metrics | undefined)[], { goal }: Problem, place: (metrics: Metrics) => Losses): number[] {
  const points = trials.map((metrics) =>
    metrics === undefined || violation(metrics, goal.constraints) > 0 ? undefined : place(metrics),
  );
  return goal.objectives.length === 2 ? staircaseGrowth(points) : archiveGrowth(points, goal);
}

function staircaseGrowth(points: readonly (Losses | undefined)[]): number[] {
  const staircase = new Staircase(1, 1);
  return points.map((point) => {
    if (point) staircase.insert(point[0]!, point[1]!);
    return staircase.area;
  });
}

function archiveGrowth(points: readonly (Losses | undefined)[], { objectives }: Goal): number[] {
  const archive = new ParetoArchive<undefined>();
  const reference = objectives.map(() => 1);
  let volume = 0;
  return points.map((point) => {
    if (point && archive.insert({ losses: point, violation: 0, value: undefined }))
      volume = hypervolume(
        archive.front().map((entry) => entry.losses),
        reference,
      );
    return volume;
  });
}

/** The metrics that no others dominate, constraints kept, by the first objective; equal ones once. */
export function nonDominatedMetrics(all: readonly Metrics[], goal: Goal): Metrics[] {
  const feasible = all.filter((metrics) => violation(metrics, goal.constraints) === 0);
  const points = feasible.map((metrics) => ({ metrics, at: losses(metrics, goal.objectives) }));
  points.sort((a, b) => compare(a.at, b.at));
  return goal.objectives.length === 2 ? sweep(points) : filter(points);
}

interface Placed {
  readonly metrics: Metrics;
  readonly at: Losses;
}

function compare(a: Losses, b: Losses): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** Sorted by the first loss, a point is on the front where its second one is the least so far. */
function sweep(points: readonly Placed[]): Metrics[] {
  let least = Number.POSITIVE_INFINITY;
  return points.flatMap(({ metrics, at }) => {
    if (at[1]! >= least) return [];
    least = at[1]!;
    return [metrics];
  });
}

function filter(points: readonly Placed[]): Metrics[] {
  const archive = new ParetoArchive<Metrics>();
  const seen = new Set<string>();
  for (const { metrics, at } of points) {
    const id = at.join();
    if (!seen.has(id)) archive.insert({ losses: at, violation: 0, value: metrics });
    seen.add(id);
  }
  return archive.front().map(({ value }) => value);
}
