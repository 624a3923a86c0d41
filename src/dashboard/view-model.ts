import type { LiveEvent } from '../core/event.ts';
import type { FinishedTrial, Progress, Trial } from '../core/trial.ts';

/**
 * What the screens know of a study: a pure fold over its events. No clock, no I/O; time comes from the events.
 * What depends on the present moment or on the goal is derived from it in panel-props.ts.
 */
export interface ViewModel {
  readonly trials: ReadonlyMap<number, Trial>;
  /** Done and failed trials in the order in which they ended, the baseline included. */
  readonly finished: readonly FinishedTrial[];
  readonly curves: ReadonlyMap<number, readonly CurvePoint[]>;
  /** Worker → what it does now. A worker that waits stays here without a trial. */
  readonly slots: ReadonlyMap<number, Slot>;
  /** Work that all trials wait for (data, the baseline), before the first trial starts. */
  readonly preparation: Progress | undefined;
  readonly log: readonly LogEntry[];
  readonly session: Session;
}

export interface Slot {
  readonly trial?: number;
  readonly progress?: Progress;
}

/** Training loss (and accuracy of the batches) along a trial's training, evenly thinned. */
export interface CurvePoint {
  readonly loss: number;
  readonly accuracy?: number;
}

/** A message, or the end of a trial. `elapsedMs`: how long the study had worked by then. */
export type LogEntry =
  | { readonly elapsedMs: number; readonly level: 'info' | 'warning' | 'error'; readonly message: string }
  | { readonly elapsedMs: number; readonly trial: number };

export interface Session {
  readonly phase: 'none' | 'running' | 'ended';
  readonly startedAt: number;
  /** Of this session; while it runs, the time of its last event. */
  readonly endedAt: number;
  /** Milliseconds that the sessions before this one took. */
  readonly before: number;
  /** How many trials were finished when this session began. */
  readonly finishedBefore: number;
}

/** Kept log lines, and points of a learning curve. */
const logLimit = 200;
const curveLimit = 64;

export const emptyModel: ViewModel = {
  trials: new Map(),
  finished: [],
  curves: new Map(),
  slots: new Map(),
  preparation: undefined,
  log: [],
  session: { phase: 'none', startedAt: 0, endedAt: 0, before: 0, finishedBefore: 0 },
};

/** One event. For many, `foldEvents` copies once instead of once per event. */
export const reduce = (model: ViewModel, event: LiveEvent): ViewModel => foldEvents(model, [event]);

/** The model after these events, in order. The given model is left as it is. */
export function foldEvents(model: ViewModel, events: Iterable<LiveEvent>): ViewModel {
  const draft: Draft = {
    trials: new Map(model.trials),
    finished: [...model.finished],
    curves: new Map(model.curves),
    slots: new Map(model.slots),
    preparation: model.preparation,
    log: [...model.log],
    session: model.session,
  };
  for (const event of events) {
    apply(draft, event);
    if (draft.session.phase === 'running') draft.session = { ...draft.session, endedAt: event.at };
  }
  draft.log.splice(0, draft.log.length - logLimit);
  // Lists that did not grow stay the same object, so that what is derived from them can be kept.
  return draft.finished.length === model.finished.length ? { ...draft, finished: model.finished } : draft;
}

interface Draft extends ViewModel {
  readonly trials: Map<number, Trial>;
  readonly finished: FinishedTrial[];
  readonly curves: Map<number, readonly CurvePoint[]>;
  readonly slots: Map<number, Slot>;
  preparation: Progress | undefined;
  readonly log: LogEntry[];
  session: Session;
}

type EventOf<T extends LiveEvent['type']> = Extract<LiveEvent, { type: T }>;

const folds: { readonly [T in LiveEvent['type']]: (draft: Draft, event: EventOf<T>) => void } = {
  asked: applyAsked,
  started: applyStarted,
  finished: applyFinished,
  snapshot: () => {},
  session: (draft, { phase, at }) => (phase === 'begin' ? beginSession : endSession)(draft, at),
  progress: applyProgress,
  log: (draft, { at, level, message }) => draft.log.push({ elapsedMs: workedBy(draft, at), level, message }),
};

const apply = (draft: Draft, event: LiveEvent) => (folds[event.type] as (draft: Draft, event: LiveEvent) => void)(draft, event);

function applyAsked(draft: Draft, { trial: number, candidate, key, origin }: EventOf<'asked'>): void {
  draft.trials.set(number, { number, candidate, key, origin, state: 'waiting' });
}

function applyStarted(draft: Draft, event: EventOf<'started'>): void {
  const trial = draft.trials.get(event.trial);
  if (!trial) return;
  const { attempt, worker, at } = event;
  draft.trials.set(event.trial, { ...identityOf(trial), state: 'running', attempt, worker, startedAt: at });
  draft.slots.set(worker, { trial: event.trial });
  draft.preparation = undefined;
  if (attempt > 1) draft.curves.delete(event.trial);
}

function applyFinished(draft: Draft, event: EventOf<'finished'>): void {
  const trial = draft.trials.get(event.trial);
  if (!trial) return;
  for (const [worker, slot] of draft.slots) if (slot.trial === event.trial) draft.slots.set(worker, {});
  const ended = { ...identityOf(trial), ...event.outcome, finishedAt: event.at };
  draft.trials.set(event.trial, ended);
  if (ended.state === 'aborted') return;
  draft.finished.push(ended);
  draft.log.push({ elapsedMs: workedBy(draft, event.at), trial: event.trial });
}

function applyProgress(draft: Draft, event: EventOf<'progress'>): void {
  const { progress } = event;
  if (draft.trials.get(event.trial)?.state === 'running') {
    draft.slots.set(event.worker, { trial: event.trial, progress });
  } else {
    draft.preparation = progress;
  }
  if (progress.loss !== undefined) draft.curves.set(event.trial, extendCurve(draft.curves.get(event.trial) ?? [], progress));
}

/** When a curve is full, every second point goes: the rest stays evenly spread. */
function extendCurve(curve: readonly CurvePoint[], { loss, accuracy }: Progress): CurvePoint[] {
  const kept = curve.length < curveLimit ? curve : curve.filter((_, i) => i % 2 === 0);
  return [...kept, { loss: loss!, ...(accuracy === undefined ? {} : { accuracy }) }];
}

/** Trials that were running when the last session ended or died wait again. */
function beginSession(draft: Draft, at: number): void {
  const { session } = draft;
  const spent = session.phase === 'none' ? 0 : session.endedAt - session.startedAt;
  for (const [number, trial] of draft.trials) {
    if (trial.state === 'running' || trial.state === 'aborted')
      draft.trials.set(number, { ...identityOf(trial), state: 'waiting' });
  }
  draft.slots.clear();
  draft.preparation = undefined;
  const finishedBefore = draft.finished.length;
  draft.session = { phase: 'running', startedAt: at, endedAt: at, before: session.before + spent, finishedBefore };
}

function endSession(draft: Draft, at: number): void {
  draft.slots.clear();
  draft.preparation = undefined;
  draft.session = { ...draft.session, phase: 'ended', endedAt: at };
}

const workedBy = ({ session }: Draft, at: number) => (session.phase === 'none' ? 0 : session.before + at - session.startedAt);

const identityOf = ({ number, candidate, key, origin }: Trial) => ({ number, candidate, key, origin });
