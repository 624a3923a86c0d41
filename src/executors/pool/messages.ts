import type { SourcePosition } from '../../core/errors.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Outcome, Progress } from '../../core/trial.ts';
import { type Job, TrialStopped } from '../../trial/protocol.ts';

/** What every host of a pool is started with. */
export interface HostSettings {
  readonly slots: number;
  /** URL of the module that exports `trialModule`. */
  readonly module: string;
  readonly setup: Json;
  readonly deadlineMs: number | undefined;
  readonly graceMs: number;
  readonly stallMs: number;
  readonly laneWaitMs: number;
  readonly maxRssMb: number | undefined;
}

export type ToHost =
  | { readonly type: 'prepare'; readonly settings: HostSettings }
  | { readonly type: 'run'; readonly slot: number; readonly job: Job }
  | { readonly type: 'stop' }
  | { readonly type: 'cancel'; readonly slot: number; readonly trial: number }
  | { readonly type: 'pause'; readonly paused: boolean };

export type FromHost =
  | { readonly type: 'prepared'; readonly facts: Json }
  | { readonly type: 'refused'; readonly error: PlainError }
  | { readonly type: 'progress'; readonly slot: number; readonly progress: Progress }
  | { readonly type: 'outcome'; readonly slot: number; readonly outcome: Outcome }
  /** The thread of the slot died (the host lives). */
  | { readonly type: 'crashed'; readonly slot: number; readonly death: Death }
  /** The last words of a host that ends itself; `slots` where the trials that caused it are known. */
  | { readonly type: 'dying'; readonly slots?: readonly number[]; readonly death: Death }
  | { readonly type: 'warning'; readonly message: string };

/** Why a thread or a host ended in the middle of a trial. */
export interface Death {
  readonly code: 'HOST_CRASHED' | 'OUT_OF_MEMORY' | 'DEADLINE' | 'STUCK';
  readonly message: string;
}

/** What a thread tells its host while it runs; `trial` is absent while it prepares. */
export type FromThread =
  | { readonly type: 'progress'; readonly slot: number; readonly trial: number | undefined; readonly progress: Progress }
  | Extract<FromHost, { type: 'warning' }>;

/** An error as plain data: classes do not cross processes. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly facts: { readonly [key: string]: Json };
  readonly exitCode: number;
  readonly frame: string;
  readonly at: SourcePosition | undefined;
}

const unforeseen: PlainError = {
  code: 'PREPARE_FAILED',
  message: '',
  facts: {},
  exitCode: exitCodes.failure,
  frame: '',
  at: undefined,
};

export function toPlain(error: unknown): PlainError {
  if (error instanceof NasError) {
    const { code, message, facts, exitCode, frame, at } = error;
    return { code, message, facts, exitCode, frame, at };
  }
  if (error instanceof TrialStopped)
    return { ...unforeseen, code: 'STOPPED', message: 'stopped while preparing.', exitCode: exitCodes.interrupted };
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return { ...unforeseen, message: String(error), facts: { stack } };
}

export function fromPlain({ code, message, facts, exitCode, frame, at }: PlainError): NasError {
  return new NasError(code, message, { facts, exitCode, frame, ...(at ? { at } : {}) });
}
