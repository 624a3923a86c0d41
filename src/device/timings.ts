import { setTimeout as sleep } from 'node:timers/promises';
import { NasError } from '../core/errors.ts';
import type { LatencyResult } from '../network/metrics/latency.ts';
import type { TimedFiles } from '../network/metrics/timing.ts';
import type { Refusal } from './protocol.ts';

export interface TimedEvent {
  /** Of the candidate's file. */
  readonly bytes: number;
  readonly latency: LatencyResult;
}

type Result = { readonly latency: LatencyResult } | Refusal;

interface Entry {
  readonly done: Promise<Result>;
  askedAt: number;
}

/** What nobody asks for so long is not timed any more, and its result forgotten. */
const forgottenMs = 120_000;

/** Timings by number, one after the other. */
export class Timings {
  readonly #time: (timing: TimedFiles) => Promise<LatencyResult>;
  readonly #timed: ((event: TimedEvent) => void) | undefined;
  readonly #entries = new Map<number, Entry>();
  #last: Promise<unknown> = Promise.resolve();
  #next = 1;

  constructor(time: (timing: TimedFiles) => Promise<LatencyResult>, timed?: (event: TimedEvent) => void) {
    this.#time = time;
    this.#timed = timed;
  }

  /** Its number. */
  add(timing: TimedFiles): number {
    this.#forget();
    const number = this.#next++;
    const done = this.#last.then(() => this.#run(number, timing));
    this.#last = done;
    this.#entries.set(number, { done, askedAt: performance.now() });
    return number;
  }

  /** How a timing stands after so long at most; undefined where it is not known. */
  async wait(number: number, ms: number): Promise<Result | 'waits' | undefined> {
    const entry = this.#entries.get(number);
    if (!entry) return undefined;
    entry.askedAt = performance.now();
    const over = new AbortController();
    const waits = sleep(ms, 'waits' as const, { signal: over.signal, ref: false }).catch(() => 'waits' as const);
    const state = await Promise.race([entry.done, waits]);
    over.abort();
    entry.askedAt = performance.now();
    return state;
  }

  async #run(number: number, timing: TimedFiles): Promise<Result> {
    const entry = this.#entries.get(number);
    if (!entry || isForgotten(entry)) {
      // Who asks after all is told that it is not known, and sends it again.
      this.#entries.delete(number);
      return { code: 'DEVICE_FORGOT', message: 'nobody asked for it any more' };
    }
    try {
      const latency = await this.#time(timing);
      this.#timed?.({ bytes: timing.candidate.length, latency });
      return { latency };
    } catch (error) {
      const code = error instanceof NasError ? error.code : 'DEVICE_FAILED';
      return { code, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #forget(): void {
    for (const [number, entry] of this.#entries) if (isForgotten(entry)) this.#entries.delete(number);
  }
}

const isForgotten = ({ askedAt }: Entry): boolean => performance.now() - askedAt > forgottenMs;
