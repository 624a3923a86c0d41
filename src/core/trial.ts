import type { Candidate } from './candidate.ts';
import { exitCodes, NasError } from './errors.ts';
import type { Json } from './json.ts';
import type { Metrics } from './objective.ts';

/** How a trial ended. Plain data: it crosses threads, processes and the store. A trial's own failure is data, never a throw. */
export type Outcome = DoneOutcome | FailedOutcome | AbortedOutcome;

export interface DoneOutcome {
  readonly state: 'done';
  readonly metrics: Metrics;
  /** The measured file; its bytes are what export copies. */
  readonly artefact?: Artefact;
  /** Training curve, per-layer facts …: whatever the screens show. */
  readonly details?: Json;
  readonly seconds: number;
  /** How far its training had come, where a scheduler divides it into rungs; absent: trained to its end, or not at all. */
  readonly rung?: ReachedRung;
  /** Metrics on the test split, of a replication only: no search ever sees them. */
  readonly test?: Metrics;
  /** Things worth telling a person, e.g. that a checkpoint was lost. */
  readonly notes?: readonly string[];
}

export interface FailedOutcome {
  readonly state: 'failed';
  /** Stable: DIVERGED, OUT_OF_MEMORY, HOST_CRASHED, DEADLINE … */
  readonly code: string;
  readonly message: string;
  readonly seconds: number;
}

/** The code of a trial that a person ended while it ran. It never runs again. */
export const stoppedByHand = 'STOPPED';

/** Stopped from outside before it ended; it runs again on resume. */
export interface AbortedOutcome {
  readonly state: 'aborted';
  /** Where it met what every trial would meet (a full disk): the search ends with this error. */
  readonly code?: string;
  readonly reason: string;
  readonly seconds: number;
}

/** The error of a search that ends for what a trial met. */
export const stopError = ({ code, reason }: AbortedOutcome): NasError | undefined =>
  code === undefined ? undefined : new NasError(code, reason, { exitCode: exitCodes.failure });

export interface Artefact {
  /** Hex, of the file's bytes. Also its name in the artefact folder: `<sha256>.onnx`. */
  readonly sha256: string;
  readonly bytes: number;
}

/** A rung that a trial reached: what was measured is a file of this state of its training. */
export interface ReachedRung {
  /** From 0, the trial's first one. */
  readonly index: number;
  /** Share of the full training, in (0, 1]. */
  readonly fidelity: number;
  /** Of all rungs of the trial, see `RungRequest`. */
  readonly ends: readonly number[];
  /** Epochs so far. */
  readonly epochs: number;
  /** The training paused here; absent where it is at its end. */
  readonly checkpoint?: Artefact;
}

/** Where a trial stands while it runs. `done/total` counts work of the stage (steps, rounds), for a bar. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly epoch?: number;
  readonly epochs?: number;
  readonly loss?: number;
  readonly accuracy?: number;
}

interface TrialIdentity {
  /** 0 is the uncompressed baseline. */
  readonly number: number;
  readonly candidate: Candidate;
  /** Canonical key: equal for candidates that mean the same network. */
  readonly key: string;
  /** 'baseline', 'anchor', 'enqueued', or the controller's name. */
  readonly origin: string;
}

/** A trial as the read-model shows it: a union by state. `seconds` of one that ended are those of all its rungs. */
export type Trial = TrialIdentity & TrialState;

export type TrialState =
  | ({ readonly state: 'waiting' } & Earlier)
  | ({ readonly state: 'running'; readonly attempt: number; readonly worker: number; readonly startedAt: number } & Earlier)
  | (DoneOutcome & { readonly finishedAt: number; readonly stopped?: string })
  | (FailedOutcome & { readonly finishedAt: number } & Earlier)
  | (AbortedOutcome & { readonly finishedAt: number } & Earlier);

/** What was measured at the rung before, of a trial that goes on or fails at a later one: its file is there all the while. */
interface Earlier {
  readonly earlier?: MeasuredTrial;
}

/** A trial with a measured file. `stopped`: why it never goes on from the rung where it was measured. */
export type MeasuredTrial = TrialIdentity & DoneOutcome & { readonly finishedAt: number; readonly stopped?: string };

/** The trial as it was measured last: now, or at an earlier rung; undefined where it never was. */
export const measuredTrial = (trial: Trial): MeasuredTrial | undefined => (trial.state === 'done' ? trial : trial.earlier);

/** What a trial that goes on took for its rungs before. */
export const secondsBefore = (trial: Trial): number =>
  trial.state === 'done' || trial.state === 'failed' ? 0 : (trial.earlier?.seconds ?? 0);

/**
 * Trials whose file is, byte for byte, that of an earlier one, by number, and the first trial that has it: candidates that
 * differ in what was planned, and not in what first aid made of them.
 */
export function duplicatesIn(trials: readonly Trial[]): ReadonlyMap<number, number> {
  const first = new Map<string, number>();
  const duplicates = new Map<number, number>();
  for (const { number, artefact } of trials.flatMap((trial) => measuredTrial(trial) ?? [])) {
    const known = artefact && first.get(artefact.sha256);
    if (known !== undefined) duplicates.set(number, known);
    else if (artefact) first.set(artefact.sha256, number);
  }
  return duplicates;
}

export type FinishedTrial = Extract<Trial, { state: 'done' | 'failed' }>;

/** A person ended it while it ran: failed, as far as the search goes, but not by itself. */
export const isStoppedByHand = (trial: Trial): boolean => trial.state === 'failed' && trial.code === stoppedByHand;

/** The state as people read it: a measured trial whose training is not at its end is paused, or was stopped there; so was one that a person ended. */
export function shownState(trial: Trial): Trial['state'] | 'paused' | 'stopped' {
  if (isStoppedByHand(trial)) return 'stopped';
  if (trial.state !== 'done' || (trial.rung?.fidelity ?? 1) === 1) return trial.state;
  return trial.stopped === undefined ? 'paused' : 'stopped';
}

/** Trials that have ended, as people read their states. */
export interface Ends {
  readonly done: number;
  readonly failed: number;
  readonly paused: number;
  readonly stopped: number;
}

export function endsOf(trials: Iterable<Trial>): Ends {
  const ends = { done: 0, failed: 0, paused: 0, stopped: 0 };
  for (const trial of trials) {
    const state = shownState(trial);
    if (state in ends) ends[state as keyof Ends]++;
  }
  return ends;
}
