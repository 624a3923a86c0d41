import type { Candidate } from './candidate.ts';
import type { Json } from './json.ts';
import type { Artefact, Outcome, Progress } from './trial.ts';

export interface TrialRequest {
  readonly trial: number;
  readonly attempt: number;
  readonly candidate: Candidate;
  /** `${study seed}/${trial}`: the root of every random stream of the trial. */
  readonly seed: string;
  /** The part of its training to run, under a scheduler; absent: the whole trial in one go. */
  readonly rung?: RungRequest;
  /** Only look what the candidate's compression does to the network as it is. */
  readonly probe?: ProbeRequest;
  /** Also measure on the test split: for replications, after the search. */
  readonly test?: boolean;
  /** Begin with new random weights instead of the trained baseline's: the control that compression is compared with. */
  readonly fresh?: boolean;
}

/** Compress, train nothing, keep nothing, and measure on the first so many validation images. */
export interface ProbeRequest {
  readonly images: number;
  /** Only measure how long one image takes. */
  readonly timed?: true;
}

/**
 * Train up to one rung, then export and measure what there is. The outcome says which rung was reached and keeps a
 * checkpoint to go on from; a trial that trains nothing ends without a rung.
 */
export interface RungRequest {
  readonly index: number;
  /** Shares of the full training at which the trial is measured, rising, the last one 1. */
  readonly ends: readonly number[];
  /** Where the rung before left off. Lost or damaged, the training begins at its start and comes to the same result. */
  readonly from?: Artefact;
}

export interface TrialListener {
  /** The trial began on this worker (0 … slots-1). Called again with the next attempt when its host died and it runs once more. */
  started(worker: number, attempt: number): void;
  progress(worker: number, progress: Progress): void;
}

/**
 * Where trials run. `open` comes first and resolves with facts worth recording; it rejects with a NasError when the
 * shared parts cannot be had. `run` may be called up to `slots` times at once (more calls wait) and resolves with the outcome;
 * it rejects only on misuse (after `close`). A crash of the place where the trial ran is an outcome:
 * `{ state: 'failed', code: 'HOST_CRASHED' }` after the executor's own retries.
 *
 * - `stop()` asks running trials to end at their next step: they resolve as `aborted`. Later `run`s resolve as aborted too.
 * - `cancel(trial)` asks that one trial to end at its next step, also where it is parked or still waits: it resolves as
 *   `aborted`. A trial that is not there is left alone.
 * - `pause()` parks running trials between steps until `resume()`.
 * - `close()` frees everything; it resolves when no thread or process is left.
 */
export interface Executor {
  readonly slots: number;
  /** Makes everything ready that all trials share (data, the trained baseline), once, before the first `run`. */
  open(progress: (progress: Progress) => void): Promise<Json>;
  run(request: TrialRequest, listener: TrialListener): Promise<Outcome>;
  stop(): void;
  cancel(trial: number): void;
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}
