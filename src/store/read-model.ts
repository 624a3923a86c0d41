import { NasError } from '../core/errors.ts';
import type { StudyEvent } from '../core/event.ts';
import type { Json } from '../core/json.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import { type MeasuredTrial, measuredTrial, secondsBefore, type Trial, type TrialState } from '../core/trial.ts';

/** One run of the search command on the study. `end` is absent while it runs, and for one that was killed. */
interface Session {
  readonly begin: { readonly at: number; readonly facts: Json };
  readonly end?: { readonly at: number; readonly facts: Json };
}

/** A trial, trained and measured once more with another seed. */
export interface Replicate {
  readonly trial: number;
  /** From 1. */
  readonly replicate: number;
  readonly outcome: EventOf<'replicated'>['outcome'];
}

/** A study as the screens show it: the fold of its events. `applyEvent` changes it in place; single trials are replaced, never changed. */
export interface StudyView {
  readonly record: StudyRecord;
  /** By trial number. */
  readonly trials: Trial[];
  readonly sessions: Session[];
  /** In the order in which they ended. */
  readonly replicates: Replicate[];
  /** Numbers of the trials that a person marked. */
  readonly favourites: Set<number>;
  /** The controller's last saved state, which knows every trial below `told`. */
  snapshot: { readonly told: number; readonly state: Json } | undefined;
  /** Events applied: `store.events(name, view.position)` are the ones to come. */
  position: number;
}

export const emptyView = (record: StudyRecord): StudyView => ({
  record,
  trials: [],
  sessions: [],
  replicates: [],
  favourites: new Set(),
  snapshot: undefined,
  position: 0,
});

/**
 * Reads a study. A trial that was running when its search died is shown as aborted (it runs again on resume).
 * Throws STORE_MISSING, STORE_CORRUPT.
 */
export function readStudy(store: TrialStore, name: string): StudyView {
  const events = store.events(name);
  const view = emptyView(store.find(name)!);
  for (const event of events) applyEvent(view, event);
  if (!store.holder(name)) interruptRunning(view, lastTime(view));
  return view;
}

/** Folds one more event into the view. Throws STORE_CORRUPT for one that cannot follow the earlier ones. */
export function applyEvent(view: StudyView, event: StudyEvent): void {
  view.position++;
  switch (event.type) {
    case 'asked':
      applyAsked(view, event);
      break;
    case 'continued':
      replace(view, event.trial, { state: 'waiting', ...earlierOf(view, event.trial) });
      break;
    case 'started': {
      const { attempt, worker, at } = event;
      replace(view, event.trial, { state: 'running', attempt, worker, startedAt: at, ...earlierOf(view, event.trial) });
      break;
    }
    case 'finished':
      applyFinished(view, event);
      break;
    case 'stopped':
      applyStopped(view, event);
      break;
    case 'replicated':
      if (!view.trials[event.trial]) throw corrupt(view, `trial ${event.trial} was replicated before it was asked`);
      view.replicates.push({ trial: event.trial, replicate: event.replicate, outcome: event.outcome });
      break;
    case 'snapshot':
      view.snapshot = { told: event.told, state: event.state };
      break;
    case 'favourite':
      if (event.favourite) view.favourites.add(event.trial);
      else view.favourites.delete(event.trial);
      break;
    case 'budget':
    case 'queued':
      break; // What is queued is seen when it is asked.
    case 'session':
      applySession(view, event);
      break;
    default:
      event satisfies never;
  }
}

type EventOf<T extends StudyEvent['type']> = Extract<StudyEvent, { type: T }>;

function applyAsked(view: StudyView, { trial, candidate, key, origin }: EventOf<'asked'>): void {
  if (trial !== view.trials.length) throw corrupt(view, `trial ${trial} was asked where ${view.trials.length} is next`);
  view.trials.push({ number: trial, candidate, key, origin, state: 'waiting' });
}

function applyFinished(view: StudyView, { trial, outcome, at }: EventOf<'finished'>): void {
  if (outcome.state === 'aborted') {
    replace(view, trial, { ...outcome, ...earlierOf(view, trial), finishedAt: at });
    return;
  }
  const before = view.trials[trial];
  const seconds = outcome.seconds + (before ? secondsBefore(before) : 0);
  if (outcome.state === 'done') replace(view, trial, { ...outcome, seconds, finishedAt: at });
  else replace(view, trial, { ...outcome, seconds, finishedAt: at, ...earlierOf(view, trial) });
}

function applyStopped(view: StudyView, { trial, reason }: EventOf<'stopped'>): void {
  const before = view.trials[trial];
  if (before?.state !== 'done') throw corrupt(view, `trial ${trial} was stopped before it was measured`);
  view.trials[trial] = { ...before, stopped: reason };
}

function earlierOf({ trials }: StudyView, number: number): { readonly earlier?: MeasuredTrial } {
  const earlier = trials[number] && measuredTrial(trials[number]);
  return earlier ? { earlier } : {};
}

function replace(view: StudyView, trial: number, state: TrialState): void {
  const before = view.trials[trial];
  if (!before) throw corrupt(view, `trial ${trial} was never asked`);
  const { number, candidate, key, origin } = before;
  view.trials[trial] = { number, candidate, key, origin, ...state };
}

/** Trials that still run when a session begins or ends belong to one that died. */
function applySession(view: StudyView, { phase, at, facts }: EventOf<'session'>): void {
  interruptRunning(view, at);
  if (phase === 'begin') {
    view.sessions.push({ begin: { at, facts } });
    return;
  }
  const session = view.sessions.pop();
  if (!session) throw corrupt(view, 'a session ended that never began');
  view.sessions.push({ ...session, end: { at, facts } });
}

function interruptRunning(view: StudyView, at: number): void {
  for (const trial of view.trials) {
    if (trial.state !== 'running') continue;
    const seconds = Math.max(0, at - trial.startedAt) / 1000;
    const reason = 'the search ended before this trial did';
    replace(view, trial.number, { state: 'aborted', reason, seconds, finishedAt: at, ...earlierOf(view, trial.number) });
  }
}

/** When something was last heard of the study. */
function lastTime(view: StudyView): number {
  let last = view.record.createdAt;
  for (const trial of view.trials) {
    if (trial.state === 'running') last = Math.max(last, trial.startedAt);
    else if (trial.state !== 'waiting') last = Math.max(last, trial.finishedAt);
  }
  return last;
}

const corrupt = (view: StudyView, found: string) =>
  new NasError(
    'STORE_CORRUPT',
    `study "${view.record.name}", event ${view.position - 1}: ${found}. Restore the database from a copy.`,
    {
      facts: { study: view.record.name, event: view.position - 1, found },
    },
  );
