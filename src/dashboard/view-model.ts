import { type CurvePoint, extendCurve } from '../core/curve.ts';
import type { LiveEvent } from '../core/event.ts';
import type { Json } from '../core/json.ts';
import type { Metrics } from '../core/objective.ts';
import {
  type FinishedTrial,
  type MeasuredTrial,
  measuredTrial,
  type Progress,
  secondsBefore,
  type Trial,
} from '../core/trial.ts';
import { formatDuration } from './format.ts';

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
  /** Numbers of the trials that a person marked. */
  readonly favourites: ReadonlySet<number>;
  /** What came out when a trial was trained again with other seeds. */
  readonly replicates: ReadonlyMap<number, readonly Metrics[]>;
}

export interface Slot {
  readonly trial?: number;
  readonly progress?: Progress;
}

/** A message, or the end of a trial. `elapsedMs`: how long the study had worked by then. */
export type LogEntry =
  | { readonly elapsedMs: number; readonly level: 'info' | 'warning' | 'error'; readonly message: string }
  | { readonly elapsedMs: number; readonly trial: number };

export interface Session {
  /**
   * preparing: the data and the baseline are made ready, the first event of the session itself is still to come. lost: its
   * process died.
   */
  readonly phase: 'none' | 'preparing' | 'running' | 'ended' | 'lost';
  readonly startedAt: number;
  /** When the preparation was over: the time budget counts from here. */
  readonly begunAt: number;
  /** Of this session; while it runs, the time of its last event. */
  readonly endedAt: number;
  /** Milliseconds that the sessions before this one took. */
  readonly before: number;
  /** How many of the first finished trials ended before this session began. */
  readonly finishedBefore: number;
  readonly paused: boolean;
  /** What a person made of the budget since it began; null: no limit of time. */
  readonly budget?: { readonly trials: number; readonly seconds: number | null };
}

/** Kept log lines. */
const logLimit = 1000;
/** Curves with a point for every few steps: of the latest trials. Of the others there is one for every epoch in their details. */
const curveLimit = 100;

export const emptyModel: ViewModel = {
  trials: new Map(),
  finished: [],
  curves: new Map(),
  slots: new Map(),
  preparation: undefined,
  log: [],
  session: { phase: 'none', startedAt: 0, begunAt: 0, endedAt: 0, before: 0, finishedBefore: 0, paused: false },
  favourites: new Set(),
  replicates: new Map(),
};

/** One event. For many, `foldEvents` copies once instead of once per event. */
export const reduce = (model: ViewModel, event: LiveEvent): ViewModel => foldEvents(model, [event]);

/** Whether the model before is still looked at, or its lists may be taken over: a copy for every trial is work and garbage. */
export type Kept = 'kept' | 'given-up';

/** The model after these events, in order. */
export function foldEvents(model: ViewModel, events: Iterable<LiveEvent>, kept: Kept = 'kept'): ViewModel {
  const draft = new Draft(model, kept);
  for (const event of events) {
    apply(draft, event);
    if (isOpen(draft) && event.at > draft.session.endedAt) draft.session = { ...draft.session, endedAt: event.at };
  }
  return draft.done();
}

/**
 * Like `foldEvents`, for a screen that was opened at that time: events before it belong to earlier sessions, of which none
 * runs any more, whether it was ended or killed.
 */
export function foldSince(model: ViewModel, events: readonly LiveEvent[], openedAt: number, kept: Kept = 'kept'): ViewModel {
  const live = events.findIndex(({ at }) => at >= openedAt);
  const past = live < 0 ? events : events.slice(0, live);
  const before = past.length === 0 ? model : suspend(foldEvents(model, past, kept));
  return past.length === events.length ? before : foldEvents(before, events.slice(past.length), kept);
}

function suspend(model: ViewModel): ViewModel {
  const draft = new Draft(model);
  stopRunning(draft);
  draft.slots.clear();
  draft.preparation = undefined;
  draft.session = { ...emptyModel.session, before: spentBy(model) };
  return draft.done();
}

const isOpen = ({ session }: Pick<ViewModel, 'session'>) => session.phase === 'preparing' || session.phase === 'running';

const spentBy = ({ session }: Pick<ViewModel, 'session'>) =>
  session.before + (session.phase === 'none' ? 0 : session.endedAt - session.startedAt);

/** A model that is being changed. What is not touched stays the same object, so that what is derived from it can be kept. */
class Draft {
  readonly #before: ViewModel;
  #trials: Map<number, Trial> | undefined;
  #finished: FinishedTrial[] | undefined;
  readonly curves: Map<number, readonly CurvePoint[]>;
  readonly slots: Map<number, Slot>;
  preparation: Progress | undefined;
  readonly log: LogEntry[];
  session: Session;
  favourites: ReadonlySet<number>;
  replicates: ReadonlyMap<number, readonly Metrics[]>;

  constructor(model: ViewModel, kept: Kept = 'kept') {
    this.#before = model;
    // An empty model may be the one that all begin with.
    if (kept === 'given-up' && model.trials.size > 0) {
      this.#trials = model.trials as Map<number, Trial>;
      this.#finished = model.finished as FinishedTrial[];
    }
    this.curves = new Map(model.curves);
    this.slots = new Map(model.slots);
    this.preparation = model.preparation;
    this.log = [...model.log];
    this.session = model.session;
    this.favourites = model.favourites;
    this.replicates = model.replicates;
  }

  /** To read. */
  get seen(): ReadonlyMap<number, Trial> {
    return this.#trials ?? this.#before.trials;
  }

  /** To write. */
  get trials(): Map<number, Trial> {
    this.#trials ??= new Map(this.#before.trials);
    return this.#trials;
  }

  get finished(): FinishedTrial[] {
    this.#finished ??= [...this.#before.finished];
    return this.#finished;
  }

  get finishedCount(): number {
    return (this.#finished ?? this.#before.finished).length;
  }

  done(): ViewModel {
    const { curves, slots, preparation, session, favourites, replicates } = this;
    const finished = this.#finished ?? this.#before.finished;
    return {
      trials: this.seen,
      finished,
      curves,
      slots,
      preparation,
      log: this.log.slice(-logLimit),
      session,
      favourites,
      replicates,
    };
  }
}

type EventOf<T extends LiveEvent['type']> = Extract<LiveEvent, { type: T }>;

const folds: { readonly [T in LiveEvent['type']]: (draft: Draft, event: EventOf<T>) => void } = {
  asked: applyAsked,
  continued: applyContinued,
  started: applyStarted,
  past: applyPast,
  finished: applyFinished,
  stopped: applyStopped,
  replicated: applyReplicated,
  snapshot: () => {},
  queued: () => {},
  budget: applyBudget,
  favourite: applyFavourite,
  paused: applyPaused,
  session: (draft, { phase, at, facts }) => (phase === 'begin' ? beginSession(draft, at, facts) : endSession(draft, at, 'ended')),
  holder: applyHolder,
  progress: applyProgress,
  log: (draft, { at, level, message }) => draft.log.push({ elapsedMs: workedBy(draft, at), level, message }),
};

const apply = (draft: Draft, event: LiveEvent) => (folds[event.type] as (draft: Draft, event: LiveEvent) => void)(draft, event);

function applyAsked(draft: Draft, { trial: number, candidate, key, origin }: EventOf<'asked'>): void {
  draft.trials.set(number, { number, candidate, key, origin, state: 'waiting' });
}

/** What was measured stays in `finished` until the next rung is. */
function applyContinued(draft: Draft, event: EventOf<'continued'>): void {
  const trial = draft.seen.get(event.trial);
  if (trial) draft.trials.set(event.trial, { ...identityOf(trial), state: 'waiting', ...earlierOf(trial) });
}

function applyStopped(draft: Draft, { trial: number, reason }: EventOf<'stopped'>): void {
  const trial = draft.seen.get(number);
  if (trial?.state === 'done') draft.trials.set(number, { ...trial, stopped: reason });
}

function applyStarted(draft: Draft, event: EventOf<'started'>): void {
  const trial = draft.seen.get(event.trial);
  if (!trial) return;
  const { attempt, worker, at } = event;
  draft.trials.set(event.trial, { ...identityOf(trial), state: 'running', attempt, worker, startedAt: at, ...earlierOf(trial) });
  draft.slots.set(worker, { trial: event.trial });
  draft.preparation = undefined;
  if (attempt > 1) draft.curves.delete(event.trial);
}

/** The same as its three events. */
function applyPast(draft: Draft, { trial: number, origin, worker, outcome, at }: EventOf<'past'>): void {
  const ended = { number, candidate: nothing, key: '', origin, finishedAt: at, ...outcome };
  draft.trials.set(number, ended);
  draft.slots.set(worker, {});
  draft.preparation = undefined;
  draft.finished.push(ended);
  draft.log.push({ elapsedMs: workedBy(draft, at), trial: number });
}

const nothing = {};

function applyFinished(draft: Draft, event: EventOf<'finished'>): void {
  const trial = draft.seen.get(event.trial);
  if (!trial) return;
  for (const [worker, slot] of draft.slots) if (slot.trial === event.trial) draft.slots.set(worker, {});
  const { number, candidate, key, origin } = trial;
  // Spelled out: a literal that begins with a spread gives every object a hidden class of its own, 400 bytes for every trial.
  const { outcome, at: finishedAt } = event;
  const seconds = outcome.seconds + (outcome.state === 'aborted' ? 0 : secondsBefore(trial));
  const done = { number, candidate, key, origin, finishedAt, ...outcome, seconds };
  const ended = done.state === 'done' ? done : { ...done, ...earlierOf(trial) };
  draft.trials.set(event.trial, ended);
  if (ended.state === 'aborted') return;
  dropOldCurves(draft);
  if (measuredTrial(trial)) dropFinished(draft, event.trial);
  draft.finished.push(ended);
  draft.log.push({ elapsedMs: workedBy(draft, event.at), trial: event.trial });
}

function dropOldCurves({ curves, seen }: Draft): void {
  for (const number of curves.keys()) {
    if (curves.size <= curveLimit) return;
    if (seen.get(number)?.state !== 'running') curves.delete(number);
  }
}

function applyReplicated(draft: Draft, { trial, replicate, outcome, at }: EventOf<'replicated'>): void {
  if (outcome.state === 'done') {
    const before = draft.replicates.get(trial) ?? [];
    draft.replicates = new Map(draft.replicates).set(trial, [...before, outcome.metrics]);
  }
  say(draft, at, `trial ${trial} trained again (${replicate}): ${outcome.state === 'done' ? 'done' : outcome.code}`);
}

function applyPaused(draft: Draft, { paused, at }: EventOf<'paused'>): void {
  if (paused === draft.session.paused) return;
  draft.session = { ...draft.session, paused };
  say(draft, at, paused ? 'paused' : 'goes on');
}

function applyBudget(draft: Draft, { trials, seconds, at }: EventOf<'budget'>): void {
  draft.session = { ...draft.session, budget: { trials, seconds } };
  say(draft, at, `budget: ${trials} trials${seconds === null ? '' : `, ${formatDuration(seconds * 1000)}`}`);
}

const say = (draft: Draft, at: number, message: string) =>
  draft.log.push({ elapsedMs: workedBy(draft, at), level: 'info', message });

function applyFavourite(draft: Draft, { trial, favourite, at }: EventOf<'favourite'>): void {
  const favourites = new Set(draft.favourites);
  if (favourite) favourites.add(trial);
  else favourites.delete(trial);
  draft.favourites = favourites;
  say(draft, at, favourite ? `trial ${trial} is a favourite` : `trial ${trial} is no favourite any more`);
}

/** A later rung takes the place of the one before. */
function dropFinished(draft: Draft, number: number): void {
  const place = draft.finished.findIndex((trial) => trial.number === number);
  if (place < 0) return;
  draft.finished.splice(place, 1);
  const { finishedBefore } = draft.session;
  if (place < finishedBefore) draft.session = { ...draft.session, finishedBefore: finishedBefore - 1 };
}

function applyProgress(draft: Draft, event: EventOf<'progress'>): void {
  const { progress } = event;
  if (draft.seen.get(event.trial)?.state === 'running') {
    draft.slots.set(event.worker, { trial: event.trial, progress });
  } else {
    draft.preparation = progress;
    if (!isOpen(draft)) draft.session = openedSession(draft, 'preparing', event.at);
  }
  const known = draft.curves.get(event.trial) ?? [];
  const curve = event.curve ?? extendCurve(known, progress);
  if (curve.length > 0) draft.curves.set(event.trial, curve);
}

function beginSession(draft: Draft, at: number, facts: Json): void {
  stopRunning(draft);
  draft.slots.clear();
  draft.preparation = undefined;
  const { session } = draft;
  const opened: Session =
    session.phase === 'preparing' ? { ...session, phase: 'running', begunAt: at } : openedSession(draft, 'running', at);
  draft.session = { ...opened, ...budgetOf(facts) };
  say(draft, at, 'the search begins');
}

function budgetOf(facts: Json): Pick<Session, 'budget'> {
  const { budget } = (facts ?? {}) as { readonly budget?: { readonly trials: number; readonly seconds?: number } };
  return budget ? { budget: { trials: budget.trials, seconds: budget.seconds ?? null } } : {};
}

/** Nobody runs a session that is still open: it died. Somebody does, and has not begun it yet: it is being prepared. */
function applyHolder(draft: Draft, { running, at }: EventOf<'holder'>): void {
  if (!running && isOpen(draft)) endSession(draft, draft.session.endedAt, 'lost');
  else if (running && !isOpen(draft)) draft.session = openedSession(draft, 'preparing', at);
}

const openedSession = (draft: Draft, phase: 'preparing' | 'running', at: number): Session => ({
  phase,
  startedAt: at,
  begunAt: at,
  endedAt: at,
  before: spentBy(draft),
  finishedBefore: draft.finishedCount,
  paused: false,
});

/** Trials that were running when their session ended or died wait again. */
function stopRunning(draft: Draft): void {
  for (const [number, trial] of draft.seen) {
    if (trial.state === 'running' || trial.state === 'aborted')
      draft.trials.set(number, { ...identityOf(trial), state: 'waiting', ...earlierOf(trial) });
  }
}

function endSession(draft: Draft, at: number, phase: 'ended' | 'lost'): void {
  stopRunning(draft);
  draft.slots.clear();
  draft.preparation = undefined;
  say(draft, at, phase === 'lost' ? 'the process of the search is gone' : 'the search has ended');
  draft.session = { ...draft.session, phase, endedAt: at, paused: false };
}

const workedBy = ({ session }: Pick<ViewModel, 'session'>, at: number) =>
  session.phase === 'none' ? 0 : session.before + at - session.startedAt;

const identityOf = ({ number, candidate, key, origin }: Trial) => ({ number, candidate, key, origin });

function earlierOf(trial: Trial): { readonly earlier?: MeasuredTrial } {
  const earlier = measuredTrial(trial);
  return earlier ? { earlier } : {};
}
