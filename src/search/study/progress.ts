import { type Goal, losses, type Metrics, type Objective, violation } from '../../core/objective.ts';
import { duplicatesIn, type MeasuredTrial, measuredTrial, type Trial } from '../../core/trial.ts';
import { hypervolume } from './hypervolume.ts';
import type { Losses } from './losses.ts';
import { ParetoArchive } from './pareto.ts';

const measured = (trials: readonly Trial[]): MeasuredTrial[] => trials.flatMap((trial) => measuredTrial(trial) ?? []);

/**
 * The Pareto front of the measured trials, those that are paused or go on included, since what was measured is a file:
 * feasible ones only, every file once, best first by the first objective, then by number.
 */
export function frontOf(trials: readonly Trial[], goal: Goal): readonly MeasuredTrial[] {
  const points = archiveOf(trials, goal).front();
  return [...points].sort((a, b) => a.losses[0]! - b.losses[0]! || a.value.number - b.value.number).map(({ value }) => value);
}

/** The trial that misses the constraints least, to show while no trial satisfies them; undefined as soon as one does. */
export function nearestMiss(trials: readonly Trial[], goal: Goal): MeasuredTrial | undefined {
  return archiveOf(trials, goal).leastViolating()?.value;
}

function archiveOf(trials: readonly Trial[], goal: Goal): ParetoArchive<MeasuredTrial> {
  const archive = new ParetoArchive<MeasuredTrial>();
  const duplicates = duplicatesIn(trials);
  for (const trial of measured(trials)) {
    if (!duplicates.has(trial.number)) archive.insert(pointOf(trial.metrics, goal, trial));
  }
  return archive;
}

function pointOf<T>(metrics: Metrics, goal: Goal, value: T) {
  return { losses: losses(metrics, goal.objectives), violation: violation(metrics, goal.constraints), value };
}

/**
 * The box in which a study's hypervolume is measured. It is fixed once, from trials that every run of a study starts with
 * (the baseline and the anchors), so that the number only grows and can be compared between runs: in every objective their
 * best is 0, their worst is 1, and the reference point lies at 1.1. Metrics in `logScale` (bytes, counts, times) are
 * measured by their logarithm: halving a size counts the same at any size.
 */
export interface HypervolumeFrame {
  readonly objectives: readonly Objective[];
  readonly axes: readonly { readonly log: boolean; readonly origin: number; readonly span: number }[];
}

const referencePoint = 1.1;

/** The frame of these metrics; undefined when there are none that have every objective. */
export function hypervolumeFrame(
  fixed: readonly Metrics[],
  objectives: readonly Objective[],
  logScale: ReadonlySet<string> = new Set(),
): HypervolumeFrame | undefined {
  const log = objectives.map(({ metric }) => logScale.has(metric));
  const points = fixed.map((metrics) => scaledLosses(metrics, objectives, log)).filter((point) => point.every(Number.isFinite));
  if (points.length === 0) return undefined;
  const axes = objectives.map((_, i) => {
    const values = points.map((point) => point[i]!);
    const origin = Math.min(...values);
    const spread = Math.max(...values) - origin;
    // One distinct value: a tenth of it (a step of 10 % on a log axis) stands in for the spread.
    return { log: log[i]!, origin, span: spread > 0 ? spread : log[i] ? 0.1 : Math.max(Math.abs(origin) * 0.1, 1e-12) };
  });
  return { objectives, axes };
}

/** Losses, by their logarithm where asked: -log(x) for a metric to maximize. */
function scaledLosses(metrics: Metrics, objectives: readonly Objective[], log: readonly boolean[]): number[] {
  return objectives.map(({ metric, direction }, i) => {
    const value = metrics[metric] ?? Number.NaN;
    const scaled = log[i] ? Math.log(value) : value;
    return direction === 'minimize' ? scaled : -scaled;
  });
}

function place(metrics: Metrics, { objectives, axes }: HypervolumeFrame): Losses {
  const raw = scaledLosses(
    metrics,
    objectives,
    axes.map(({ log }) => log),
  );
  return raw.map((loss, i) => (loss - axes[i]!.origin) / axes[i]!.span);
}

/** The hypervolume of these metrics in a frame. */
export function hypervolumeIn(frame: HypervolumeFrame, front: readonly Metrics[]): number {
  const reference = frame.axes.map(() => referencePoint);
  return hypervolume(
    front.map((metrics) => place(metrics, frame)),
    reference,
  );
}

/** How the hypervolume grew: one entry for every trial that improved it, in the order given. */
export function hypervolumeHistory(
  trials: readonly Trial[],
  goal: Goal,
  frame: HypervolumeFrame,
): { readonly trial: number; readonly hypervolume: number }[] {
  const archive = new ParetoArchive<Metrics>();
  const history: { trial: number; hypervolume: number }[] = [];
  for (const trial of measured(trials)) {
    if (!archive.insert(pointOf(trial.metrics, goal, trial.metrics))) continue;
    const value = hypervolumeIn(
      frame,
      archive.front().map((point) => point.value),
    );
    if (value > (history.at(-1)?.hypervolume ?? 0)) history.push({ trial: trial.number, hypervolume: value });
  }
  return history;
}

/** How many of the last trials the estimate of the time left looks at. */
const recentTrials = 32;

/**
 * Seconds until the budget is used up: the mean duration of the last trials, spread over the slots, less what the running
 * ones have behind them. Undefined before the first trial has finished.
 */
export function secondsLeft(study: {
  /** Durations of the finished trials, the last ones at the end. */
  readonly finishedSeconds: readonly number[];
  /** For how long each running trial has run. */
  readonly runningSeconds: readonly number[];
  /** Trials of the budget that have not started. */
  readonly waiting: number;
  readonly slots: number;
}): number | undefined {
  const recent = study.finishedSeconds.slice(-recentTrials);
  if (recent.length === 0) return undefined;
  const mean = recent.reduce((sum, seconds) => sum + seconds, 0) / recent.length;
  const running = study.runningSeconds.reduce((sum, seconds) => sum + Math.max(0, mean - seconds), 0);
  return (study.waiting * mean + running) / study.slots;
}
