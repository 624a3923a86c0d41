import type { Goal, Metrics } from './objective.ts';

/** What a scheduler learns of one job: a trial that was trained up to one of its rungs. */
export interface RungResult {
  readonly trial: number;
  /** Of the trial's own rungs, from 0. */
  readonly rung: number;
  /** Absent for a failed trial. */
  readonly metrics?: Metrics;
  /** It is fully trained, or had nothing to train. */
  readonly complete: boolean;
}

/**
 * What becomes of a trial after a job: `due`: it goes on, as soon as `next` comes to it. `aside`: it is paused, and may go on
 * later. `stopped`: it never does. `complete`: there is nothing left to do (failed trials included).
 */
export type Verdict = { readonly state: 'due' | 'aside' | 'complete' } | { readonly state: 'stopped'; readonly reason: string };

/**
 * Decides how far every trial is trained. Jobs (a new trial up to its first rung, or a paused one up to its next) form one
 * sequence; results arrive in the order of that sequence, whichever worker was faster, and every decision is a function of
 * them alone: no clock, no random numbers.
 *
 * - `begin(trial)`: its rungs, as shares of the full training, rising, the last one 1. Once per trial, in trial order.
 * - `tell(result)`: in job order. The verdict depends on the results told, never on when `next` was asked in between.
 * - `next()`: the paused trial that goes on; undefined where a new one should be begun. Changes nothing.
 * - `continued(trial)`: the trial goes on to its next rung: as `next` said, or as a log says.
 */
export interface Scheduler {
  begin(trial: number): readonly number[];
  tell(result: RungResult): Verdict;
  next(): number | undefined;
  continued(trial: number): void;
}

export interface SchedulerContext {
  readonly goal: Goal;
  /** Shares of the full training at which trials can be measured, rising, the last one 1. */
  readonly rungs: readonly number[];
  /** One of so many trials goes on from a rung; at least 2. */
  readonly eta: number;
  /** Metrics that are compared by their ratio (bytes, counts, times), as the hypervolume of a study is. */
  readonly logScale?: ReadonlySet<string>;
}

export interface SchedulerDefinition {
  readonly name: string;
  readonly summary: string;
  /** It has no use for rungs: every trial is trained in one go. */
  readonly single?: true;
  create(context: SchedulerContext): Scheduler;
}
