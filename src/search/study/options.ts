import type { Candidate } from '../../core/candidate.ts';
import type { CommandAnswer, StudyCommand } from '../../core/control.ts';
import type { Controller } from '../../core/controller.ts';
import { NasError } from '../../core/errors.ts';
import type { LiveEvent } from '../../core/event.ts';
import type { Executor } from '../../core/executor.ts';
import type { Json } from '../../core/json.ts';
import type { Goal } from '../../core/objective.ts';
import type { Scheduler } from '../../core/scheduler.ts';
import type { StudyRecord, TrialStore } from '../../core/store.ts';
import type { Artefact } from '../../core/trial.ts';
import type { KeyFunction } from './keys.ts';
import type { StudyCounts } from './ledger.ts';
import type { FailedEnd } from './log.ts';
import type { InitialTrial } from './proposer.ts';
import type { StopEvidence, StopRules } from './stopping.ts';

export interface Budget {
  /** Trials of the study in all, failed ones and those of earlier sessions included. */
  readonly trials: number;
  /** As the command line had it, where `trials` was changed while an earlier session ran. */
  readonly given?: number;
  /** Of this session, pauses included. When they are over no trial is started any more, and the running ones finish. */
  readonly seconds?: number;
}

export interface Clock {
  /** Milliseconds since the epoch, for the events. */
  wall(): number;
  /** Milliseconds of a clock that is never set, for the budget. */
  monotonic(): number;
}

/** The same clock, standing still where somebody sets it back. */
export function neverBack(clock: () => number): () => number {
  let latest = Number.NEGATIVE_INFINITY;
  return () => {
    latest = Math.max(latest, clock());
    return latest;
  };
}

/** What happens later never has an earlier time, as long as the process lives. */
export const systemClock: Clock = { wall: neverBack(Date.now), monotonic: () => performance.now() };

/**
 * How many jobs may be under way at once where the study does not say otherwise. It does not depend on the workers, since
 * results do depend on it: more keeps more workers busy, and lets decisions know less.
 */
export const defaultLookAhead = 8;

export interface StudyOptions {
  readonly store: TrialStore;
  /** A study that is in the store, and whose lease the caller holds. */
  readonly study: StudyRecord;
  /** Opened by the caller, who also closes it after the end. */
  readonly executor: Executor;
  /** Fresh: its past is told or restored here. */
  readonly controller: Controller;
  readonly goal: Goal;
  /** A `KeyFunction`, or just a function. */
  readonly keyOf: ((candidate: Candidate) => string) & Partial<Pick<KeyFunction, 'recall' | 'recorded'>>;
  /** Trial 0 is the baseline, then the anchors. Repeated keys are dropped. */
  readonly initial: readonly InitialTrial[];
  /** To be tried now, before the controller is asked: recorded, so that a resume knows of them. */
  readonly enqueue?: readonly InitialTrial[];
  /** Why a candidate need not be trained, where it is known to miss a constraint: it fails with INFEASIBLE at once. */
  readonly refuse?: (candidate: Candidate) => string | undefined;
  readonly budget: Budget;
  /** A study keeps its first one. The controller knows the results up to this many trials back, whoever is faster. */
  readonly lookAhead?: number;
  /** How far trials are trained; absent: each to its end, in one go. Fresh, like the controller. */
  readonly scheduler?: Scheduler;
  /** Reasons to end before the budget is used up. */
  readonly stop?: StopRules;
  /** A checkpoint that no trial goes on from any more; may come twice. Must not throw. */
  readonly discard?: (checkpoint: Artefact) => void;
  /** Recorded with the session: versions, workers, what the executor said when it was opened. */
  readonly facts?: { readonly [key: string]: Json };
  /** Stored events arrive after they are durable. Must not throw. */
  readonly onEvent: (event: LiveEvent) => void;
  readonly clock?: Clock;
}

/**
 * budget: all trials are finished. exhausted: so is the space. target, converged: see `StopRules`; what was decided before is
 * finished. failing: trials fail again and again for one reason.
 */
export type EndReason = 'budget' | 'exhausted' | 'target' | 'converged' | 'time' | 'stopped' | 'failing';

export interface StudyEnd {
  readonly reason: EndReason;
  readonly counts: StudyCounts;
  /** The failure that kept coming back, for `failing`. */
  readonly failure?: FailedEnd;
  /** For `target` and `converged`. */
  readonly evidence?: StopEvidence;
}

export interface StudyHandle {
  /** Whether it is paused, how much is searched by now, and the ids of commands that changed the study, of earlier sessions too. */
  readonly steered: { readonly paused: boolean; readonly budget: Budget; readonly carriedOut: ReadonlySet<string> };
  /** Resolves when no trial runs any more. Rejects when the store or the controller failed; what had finished is stored. */
  readonly done: Promise<StudyEnd>;
  /** Ends running trials at their next step; they run again when the study is resumed. */
  stop(): void;
  /** Parks running trials and starts no others. */
  pause(): void;
  resume(): void;
  /**
   * Carries out what a person asks while the study runs. `id`: of a command from another process, that is carried out once even
   * if this process dies before it could say so.
   */
  steer(command: StudyCommand, id?: string): CommandAnswer;
}

/** Throws STUDY_BUDGET. */
export function checkedTrials(count: number): number {
  if (Number.isInteger(count) && count > 0) return count;
  throw new NasError('STUDY_BUDGET', `the number of trials is ${count}; it must be a whole number from 1 on`, {
    facts: { count },
  });
}

/** The look-ahead of the study's first session, where it had one: with another, its candidates would be others. Throws STUDY_LOOK_AHEAD. */
export function checkedLookAhead(study: string, wanted: number | undefined, recorded: number | undefined): number {
  const lookAhead = wanted ?? recorded ?? defaultLookAhead;
  if (!Number.isInteger(lookAhead) || lookAhead < 1) {
    throw new NasError('STUDY_LOOK_AHEAD', `the look-ahead is ${lookAhead}; it must be a whole number from 1 on`, {
      facts: { lookAhead },
    });
  }
  if (recorded === undefined || lookAhead === recorded) return lookAhead;
  const message = `study "${study}" was begun with a look-ahead of ${recorded}, not ${lookAhead}. Leave it out, or begin another study.`;
  throw new NasError('STUDY_LOOK_AHEAD', message, { facts: { study, recorded, lookAhead } });
}
