import type { Plan } from '../core/candidate.ts';
import { exitCodes, NasError, type NasErrorOptions } from '../core/errors.ts';
import type { ProbeRequest, RungRequest } from '../core/executor.ts';
import type { Json } from '../core/json.ts';
import type { Outcome, Progress } from '../core/trial.ts';

/** What crosses the edge between the orchestrator, the trial host and its threads: plain data only. */
export interface Job {
  readonly trial: number;
  readonly attempt: number;
  /** Root of every random stream of the trial. */
  readonly seed: string;
  readonly plan: Plan;
  readonly rung?: RungRequest;
  readonly probe?: ProbeRequest;
  /** Also measure on the test split. */
  readonly test?: boolean;
  /** Begin with new random weights, drawn by the trial's seed, instead of the trained baseline's. */
  readonly fresh?: boolean;
}

/** What a running trial may ask of the place it runs in. */
export interface TrialHooks {
  progress(progress: Progress): void;
  /**
   * Called between steps. Waits here while the study is paused or another trial holds the exclusive lane.
   * Throws `TrialStopped` when the trial must end.
   */
  checkpoint(): void;
  /**
   * Runs `work` while every other trial of the host is parked between steps: for latency. `quiet` is false where a
   * trial did not come to a step in time and runs on beside the work.
   */
  exclusive<T>(work: (quiet: boolean) => Promise<T>): Promise<T>;
  /** Runs `work` while no other trial of the host runs such work, and waits for that: for a GPU that threads cannot share. */
  gpu<T>(work: () => Promise<T>): Promise<T>;
}

/** Thrown by `checkpoint`; the worker turns it into an aborted (stop) or failed (deadline) outcome. */
export class TrialStopped extends Error {
  override readonly name = 'TrialStopped';
  readonly reason: 'stopped' | 'deadline';

  constructor(reason: 'stopped' | 'deadline') {
    super(reason);
    this.reason = reason;
  }
}

/**
 * Thrown by a trial that met what every other would meet too, such as a full disk: the search ends with this error, and the
 * trial runs again on resume.
 */
export class SearchStopped extends NasError {
  constructor(code: string, message: string, { facts }: Pick<NasErrorOptions, 'facts'> = {}) {
    super(code, message, { exitCode: exitCodes.failure, ...(facts ? { facts } : {}) });
  }
}

/**
 * The module that a worker thread loads: `export const trialModule: TrialModule`.
 * `prepare` runs once per host, in one of its threads, with all cores; what it returns goes to every thread by
 * structured clone (large arrays on SharedArrayBuffers, so that they are there once). `run` is one trial; it returns
 * its failures as outcomes and lets only `TrialStopped` and surprises through.
 */
export interface TrialModule<Shared = unknown> {
  prepare(setup: Json, hooks: TrialHooks): Promise<{ readonly shared: Shared; readonly facts: Json }>;
  run(job: Job, shared: Shared, hooks: TrialHooks): Promise<Outcome>;
  /** Gives back what the thread keeps between trials only to be faster: called after `prepare`, and when memory runs short. */
  release?(): Promise<void>;
}
