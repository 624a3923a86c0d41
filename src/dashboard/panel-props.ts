import type { CurvePoint } from '../core/curve.ts';
import type { Json } from '../core/json.ts';
import { type Constraint, type Goal, type Metrics, violation } from '../core/objective.ts';
import { type Range, rangesOf } from '../core/ranges.ts';
import type { StudyRecord } from '../core/store.ts';
import { type Ends, endsOf, measuredTrial, shownState, type Trial } from '../core/trial.ts';
import type { Analysis, Budget, Recalled } from './budget.ts';
import { formatPoints, savedBy, savedText, timesLess } from './format.ts';
import { missedBy } from './missed.ts';
import { pace, timeLeft } from './pace.ts';
import type { ViewModel } from './view-model.ts';

/** From the view-model, the goal and the present moment to the plain props of each panel. */

export interface Counts extends Ends {
  /** All that have ended. */
  readonly over: number;
  readonly running: number;
  readonly waiting: number;
  readonly total: number;
}

export function countTrials(model: ViewModel, budget: Budget): Counts {
  const { done, failed, running, waiting, aborted } = statesOf(model);
  // What an earlier session left unfinished beyond this budget waits for a larger one.
  const total = Math.max(budgetNow(model, budget).trials, model.trials.size - aborted);
  return { ...endsOf(model.trials.values()), running, over: done + failed, waiting: waiting + aborted, total };
}

function statesOf(model: ViewModel): Record<Trial['state'], number> {
  const counts = { done: 0, failed: 0, running: 0, waiting: 0, aborted: 0 };
  for (const { state } of model.trials.values()) counts[state]++;
  return counts;
}

/** The budget with what a person made of it since the session began. */
export function budgetNow({ session }: ViewModel, budget: Budget): Budget {
  if (!session.budget) return budget;
  const { trials, seconds } = session.budget;
  const { seconds: _, ...rest } = budget;
  return { ...rest, trials, ...(seconds === null ? {} : { seconds }) };
}

/** Milliseconds that the study has worked, over all its sessions. */
export function elapsed({ session }: ViewModel, now: number): number {
  if (session.phase === 'none') return session.before;
  return (
    session.before +
    (session.phase === 'ended' || session.phase === 'lost' ? session.endedAt : Math.max(now, session.endedAt)) -
    session.startedAt
  );
}

/** Milliseconds until the budget is used up: trials at the recent pace, or the time limit where that is nearer. */
export function remaining(model: ViewModel, budget: Budget, now: number): number | undefined {
  const { session } = model;
  if (session.phase !== 'running') return undefined;
  const { over, total } = countTrials(model, budget);
  const byTrials = timeLeft(recentEnds(model), workersOf(model, budget), total - over, now);
  const { seconds } = budgetNow(model, budget);
  if (seconds === undefined) return byTrials;
  const byTime = Math.max(0, session.begunAt + seconds * 1000 - now);
  return byTrials === undefined ? byTime : Math.min(byTrials, byTime);
}

/** When the last trials of this session ended; enough of them for a pace. */
const recentEnds = ({ finished, session }: ViewModel): number[] =>
  finished
    .slice(Math.max(session.finishedBefore, finished.length - 100))
    .filter(({ number }) => number !== 0)
    .map(({ finishedAt }) => finishedAt);

const workersOf = (model: ViewModel, budget: Budget) => budget.workers ?? Math.max(1, model.slots.size);

export type Mode = 'starting' | 'running' | 'paused' | 'stopping' | 'ended' | 'lost' | 'idle';

export interface ProgressProps extends Counts {
  readonly study: string;
  readonly controller: string;
  readonly seed: string;
  readonly mode: Mode;
  /** Finished trials of the budget, 0 … 1. */
  readonly fraction: number;
  readonly elapsedMs: number;
  readonly remainingMs: number | undefined;
  /** Of all workers together, at the recent pace. */
  readonly trialsPerHour: number | undefined;
}

/**
 * The model that saves most of those that meet the constraints within one point of the baseline's accuracy; where a search is to
 * save nothing, the most accurate one.
 */
export interface Best {
  readonly trial: number;
  /** What the search is to save, and how many times less of it there is than in the baseline. */
  readonly saved?: { readonly metric: string; readonly times: number };
  /** Difference to the baseline's accuracy, as a fraction. */
  readonly accuracyDelta: number;
}

export interface Context {
  readonly record: StudyRecord;
  readonly goal: Goal;
  readonly budget: Budget;
}

export function progressProps(model: ViewModel, { record, budget }: Context, mode: Mode, now: number): ProgressProps {
  const counts = countTrials(model, budget);
  const { name: study, controller, seed } = record;
  const fraction = counts.total > 0 ? Math.min(1, counts.over / counts.total) : 0;
  const remainingMs = mode === 'running' ? remaining(model, budget, now) : undefined;
  return {
    ...counts,
    study,
    controller,
    seed,
    mode,
    fraction,
    elapsedMs: elapsed(model, now),
    remainingMs,
    trialsPerHour: perHour(pace(recentEnds(model), workersOf(model, budget))),
  };
}

const perHour = (ms: number | undefined) => (ms === undefined || ms <= 0 ? undefined : 3_600_000 / ms);

const onePoint = 0.01;
/** Less is written as 1.0×. */
const worthSaying = 1.05;

export function bestSoFar(finished: ViewModel['finished'], goal: Goal): Best | undefined {
  const baseline = baselineMetrics(finished);
  if (!baseline) return undefined;
  const savesNothing = goal.objectives.every(({ metric }) => metric === 'accuracy');
  const metric = savedBy(goal);
  let [best, most]: [Best | undefined, number] = [undefined, savesNothing ? Number.NEGATIVE_INFINITY : worthSaying];
  for (const trial of finished.flatMap((each) => measuredTrial(each) ?? [])) {
    if (trial.number === 0 || violation(trial.metrics, goal.constraints) > 0) continue;
    const { accuracyDelta } = comparison(trial.metrics, baseline);
    const times = timesLess(metric, trial.metrics, baseline);
    const gain = savesNothing ? accuracyDelta : times;
    if (!(accuracyDelta >= -onePoint) || !(gain > most)) continue;
    most = gain;
    best = { trial: trial.number, accuracyDelta, ...(savesNothing ? {} : { saved: { metric, times } }) };
  }
  return best;
}

/** `8.3× smaller at −0.42 points`. */
export const bestText = ({ saved, accuracyDelta }: Best): string =>
  `${saved ? `${savedText(saved.metric, saved.times)} at ` : ''}${formatPoints(accuracyDelta)} points`;

export function baselineMetrics(finished: ViewModel['finished']): Metrics | undefined {
  const baseline = finished.find(({ number }) => number === 0);
  return baseline?.state === 'done' ? baseline.metrics : undefined;
}

/** NaN where a metric is missing on either side. */
export function comparison(metrics: Metrics, baseline: Metrics | undefined): { timesSmaller: number; accuracyDelta: number } {
  const at = (of: Metrics | undefined, metric: string) => of?.[metric] ?? Number.NaN;
  return {
    timesSmaller: at(baseline, 'size') / at(metrics, 'size'),
    accuracyDelta: at(metrics, 'accuracy') - at(baseline, 'accuracy'),
  };
}

export interface WorkerRow {
  /** Absent for work that all workers wait for. */
  readonly worker?: number;
  readonly trial?: number;
  readonly stage?: string;
  readonly epoch?: string;
  /** 0 … 1 of the stage. */
  readonly fraction?: number;
  readonly loss?: number;
  readonly accuracy?: number;
}

/** One row per worker, idle ones too. While everything waits for the data or the baseline, that is the one row. */
export function workerRows(model: ViewModel, budget: Budget): WorkerRow[] {
  if (model.preparation) return [{ trial: 0, ...progressCells(model.preparation) }];
  const workers = Math.max(budget.workers ?? 0, ...[...model.slots.keys()].map((worker) => worker + 1));
  return Array.from({ length: workers }, (_, worker) => {
    const { trial, progress } = model.slots.get(worker) ?? {};
    return { worker, ...(trial === undefined ? {} : { trial }), ...(progress ? progressCells(progress) : {}) };
  });
}

function progressCells({ stage, done, total, epoch, epochs, loss, accuracy }: NonNullable<ViewModel['preparation']>) {
  return {
    stage,
    fraction: total > 0 ? Math.min(1, Math.max(0, done / total)) : 0,
    ...(epoch === undefined ? {} : { epoch: epochs === undefined ? `${epoch}` : `${epoch}/${epochs}` }),
    ...(loss === undefined ? {} : { loss }),
    ...(accuracy === undefined ? {} : { accuracy }),
  };
}

export interface TrialRow {
  readonly trial: number;
  readonly state: ReturnType<typeof shownState>;
  readonly origin: string;
  readonly onFront: boolean;
  readonly favourite: boolean;
  readonly metrics: Metrics;
  readonly timesSmaller: number;
  readonly accuracyDelta: number;
  /** What was measured lies between these two, as far as its noise is known. */
  readonly ranges: Readonly<Record<string, Range>>;
  readonly seconds?: number;
  /** Why there are no metrics. */
  readonly failure?: string;
}

/** What rows are made of. */
export interface RowParts {
  readonly finished: ViewModel['finished'];
  readonly favourites: ViewModel['favourites'];
  readonly replicates: ViewModel['replicates'];
  /** Numbers of the trials on the front. */
  readonly front: readonly number[];
  readonly recall: Recall | undefined;
}

/** What a model that was built from an outline lacks of a trial. */
export type Recall = (trial: number) => Recalled | undefined;

/** `front`: its trials, most accurate first. `all`: every finished trial, the newest first. The baseline leads both. */
export function trialRows(parts: RowParts, which: 'front' | 'all'): TrialRow[] {
  const { finished } = parts;
  const front = new Set(parts.front);
  const listed = finished.filter(({ number }) => number !== 0 && (which === 'all' || front.has(number)));
  const toRow = rowMaker(parts);
  const rows = listed.map(toRow);
  if (which === 'all') rows.reverse();
  else
    rows.sort((a, b) => order(b, 'accuracy') - order(a, 'accuracy') || order(a, 'size') - order(b, 'size') || a.trial - b.trial);
  const baseline = finished.find(({ number }) => number === 0);
  return baseline ? [toRow(baseline), ...rows] : rows;
}

/** Every trial that was asked, also those that run or wait. */
export const everyRow = (trials: ViewModel['trials'], parts: RowParts): TrialRow[] =>
  Array.from(trials.values(), rowMaker(parts));

const order = (row: TrialRow, metric: string) => finite(row.metrics[metric]);
const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : 0);

function rowMaker({ finished, favourites, replicates, recall, ...parts }: RowParts): (trial: Trial) => TrialRow {
  const front = new Set(parts.front);
  const baseline = baselineMetrics(finished);
  return (trial) => {
    const { number, origin } = trial;
    const metrics = measuredTrial(trial)?.metrics ?? {};
    const onFront = front.has(number);
    return {
      trial: number,
      state: shownState(trial),
      origin,
      onFront,
      favourite: favourites.has(number),
      metrics,
      ...comparison(metrics, baseline),
      ranges: onFront || number === 0 ? rangesOf({ ...trial, ...recall?.(number) }, replicates.get(number)) : {},
      ...('seconds' in trial ? { seconds: trial.seconds } : {}),
      ...(trial.state === 'failed' ? { failure: `${trial.code}: ${trial.message}` } : {}),
    };
  };
}

export interface DetailProps {
  readonly trial: Trial;
  readonly onFront: boolean;
  /** The constraints that it does not keep. */
  readonly missed: readonly Constraint[];
  readonly baseline: Metrics | undefined;
  readonly curve: readonly CurvePoint[];
  readonly favourite: boolean;
  readonly ranges: Readonly<Record<string, Range>>;
}

export function detailProps(
  model: ViewModel,
  analysis: Analysis,
  goal: Goal,
  number: number,
  recall?: Recall,
): DetailProps | undefined {
  const known = model.trials.get(number);
  const trial = known && { ...known, ...recall?.(number) };
  const measured = trial && measuredTrial(trial);
  return (
    trial && {
      trial,
      onFront: analysis.front.includes(number),
      missed: measured ? missedBy(measured.metrics, goal.constraints) : [],
      baseline: baselineMetrics(model.finished),
      curve: model.curves.get(number) ?? recordedCurve(trial),
      favourite: model.favourites.has(number),
      ranges: rangesOf(trial, model.replicates.get(number)),
    }
  );
}

/** The losses that a trial of an earlier session left in its details: `{ curve: [{ loss, … }, …] }`. */
function recordedCurve(trial: Trial): CurvePoint[] {
  const details = trial.state === 'done' ? trial.details : undefined;
  const curve = isRecord(details) ? details['curve'] : undefined;
  if (!Array.isArray(curve)) return [];
  return (curve as readonly Json[]).flatMap((point) =>
    isRecord(point) && typeof point['loss'] === 'number' ? [{ loss: point['loss'] }] : [],
  );
}

const isRecord = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Accuracy, then whatever else is searched for. */
export const shownMetrics = (goal: Goal): string[] => [...new Set(['accuracy', ...goal.objectives.map(({ metric }) => metric)])];

export type LogLine = { readonly sinceStartMs: number } & (
  | { readonly kind: 'message'; readonly level: 'info' | 'warning' | 'error'; readonly text: string }
  | {
      readonly kind: 'trial';
      readonly trial: number;
      readonly onFront: boolean;
      readonly metrics: readonly (readonly [metric: string, value: number | undefined])[];
      readonly failure?: string;
    }
);

/** The newest log entries, with the goal's metrics of the trials that they are about. */
export function logLines(model: ViewModel, analysis: Analysis, goal: Goal): LogLine[] {
  const metrics = shownMetrics(goal);
  return model.log.map((entry): LogLine => {
    const sinceStartMs = entry.elapsedMs;
    if (!('trial' in entry)) return { kind: 'message', sinceStartMs, level: entry.level, text: entry.message };
    const trial = model.trials.get(entry.trial);
    const values = trial?.state === 'done' ? trial.metrics : {};
    return {
      kind: 'trial',
      sinceStartMs,
      trial: entry.trial,
      onFront: analysis.front.includes(entry.trial),
      metrics: metrics.map((metric) => [metric, values[metric]] as const),
      ...(trial?.state === 'failed' ? { failure: `${trial.code}: ${trial.message}` } : {}),
    };
  });
}
