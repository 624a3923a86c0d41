import type { Candidate } from './candidate.ts';
import type { CurvePoint } from './curve.ts';
import type { Json } from './json.ts';
import type { Outcome, Progress } from './trial.ts';

/**
 * The truth of a study: append-only. Everything that is shown or resumed is a fold over these.
 * `at`: milliseconds since the epoch (for people; nothing is decided by it).
 */
export type StudyEvent =
  | {
      readonly type: 'asked';
      readonly at: number;
      readonly trial: number;
      readonly candidate: Candidate;
      readonly key: string;
      readonly origin: string;
    }
  /** Candidates that are to be tried before the controller is asked again, in this order; those that were tried are left out. */
  | {
      readonly type: 'queued';
      readonly at: number;
      readonly trials: readonly { readonly candidate: Candidate; readonly origin: string }[];
    }
  /** A paused trial goes on to its next rung; a further `finished` follows. */
  | { readonly type: 'continued'; readonly at: number; readonly trial: number; readonly rung: number }
  | { readonly type: 'started'; readonly at: number; readonly trial: number; readonly attempt: number; readonly worker: number }
  | { readonly type: 'finished'; readonly at: number; readonly trial: number; readonly outcome: Outcome }
  /** A paused trial never goes on: its scheduler sees no hope. */
  | { readonly type: 'stopped'; readonly at: number; readonly trial: number; readonly reason: string }
  /** The controller's state, of a `version` (absent: 1), after it was told every job below `told`. Jobs are the events asked and continued, in their order. */
  | { readonly type: 'snapshot'; readonly at: number; readonly told: number; readonly state: Json; readonly version?: number }
  /** A member of the front was trained and measured once more, with another seed. `replicate`: from 1. No trial of the search. */
  | {
      readonly type: 'replicated';
      readonly at: number;
      readonly trial: number;
      readonly replicate: number;
      readonly seed: string;
      readonly outcome: Exclude<Outcome, { state: 'aborted' }>;
    }
  /** A person changed how much is searched while it ran. `seconds`: of the session, null: no limit. `command`: see `SentCommand`. */
  | {
      readonly type: 'budget';
      readonly at: number;
      readonly trials: number;
      readonly seconds: number | null;
      readonly command?: string;
    }
  /** A person marked a trial, or took the mark away. */
  | {
      readonly type: 'favourite';
      readonly at: number;
      readonly trial: number;
      readonly favourite: boolean;
      readonly command?: string;
    }
  /** The search was started (again) or ended: budget, workers, versions; reason. */
  | { readonly type: 'session'; readonly at: number; readonly phase: 'begin' | 'end'; readonly facts: Json };

/** A trial that was asked, started and finished, told by one event instead of three: of outlines alone (`TrialStore.outline`). */
export interface PastEvent {
  readonly type: 'past';
  /** When it finished. */
  readonly at: number;
  readonly trial: number;
  readonly origin: string;
  readonly worker: number;
  readonly outcome: Exclude<Outcome, { state: 'aborted' }>;
}

/** What the screens get live: the stored events, and the passing ones that are not stored. */
export type LiveEvent =
  | StudyEvent
  | PastEvent
  | {
      readonly type: 'progress';
      readonly at: number;
      readonly trial: number;
      readonly worker: number;
      readonly progress: Progress;
      /** Of its training so far, for those who did not hear of it from its beginning. */
      readonly curve?: readonly CurvePoint[];
    }
  /** Whether a search runs the study, as one who only looks at it finds out. */
  | { readonly type: 'holder'; readonly at: number; readonly running: boolean }
  | { readonly type: 'paused'; readonly at: number; readonly paused: boolean }
  | { readonly type: 'log'; readonly at: number; readonly level: 'info' | 'warning' | 'error'; readonly message: string };
