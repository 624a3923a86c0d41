import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { NasError } from '../core/errors.ts';
import type { LatencyResult } from '../network/metrics/latency.ts';
import type { TimedFiles } from '../network/metrics/timing.ts';
import type { TimingReply } from './timing-process.ts';

/** A timing takes a minute or two at most; what takes longer hangs. */
const mostMs = 15 * 60_000;

/** Measures in a process of its own, which is started again where a file brings it down. One timing at a time. */
export class Timer {
  readonly #start: () => ChildProcess;
  #process: ChildProcess | undefined;
  #closed = false;

  /** @param start starts timing-process.ts, with advanced serialization */
  constructor(start: () => ChildProcess) {
    this.#start = start;
  }

  /** Where the process dies under a timing it is tried once more: that may not be the file's fault. Throws NasError DEVICE_FAILED. */
  async time(timing: TimedFiles): Promise<LatencyResult> {
    const first = await this.#timeOnce(timing);
    const reply = first.type === 'died' ? await this.#timeOnce(timing) : first;
    if (reply.type === 'done') return reply.latency;
    throw new NasError('DEVICE_FAILED', reply.message);
  }

  close(): void {
    this.#closed = true;
    this.#process?.kill('SIGKILL');
  }

  async #timeOnce(timing: TimedFiles): Promise<TimingReply | Died> {
    if (this.#closed) throw new NasError('DEVICE_FAILED', 'it is ending');
    const child = this.#living();
    const ended = new AbortController();
    const { signal } = ended;
    const replied = once(child, 'message', { signal }).then(([reply]) => reply as TimingReply);
    const died = once(child, 'exit', { signal }).then(([code, how]) => diedOf(code as number | null, how as string | null));
    for (const each of [replied, died]) each.catch(() => undefined);
    const hangs = setTimeout(() => child.kill('SIGKILL'), mostMs);
    child.send(timing, () => undefined);
    try {
      return await Promise.race([replied, died]);
    } finally {
      clearTimeout(hangs);
      ended.abort();
    }
  }

  /** The process; a new one where it has died. */
  #living(): ChildProcess {
    if (this.#process?.connected) return this.#process;
    const child = this.#start();
    child.on('error', () => undefined); // it exits then
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    this.#process = child;
    return child;
  }
}

interface Died {
  readonly type: 'died';
  readonly message: string;
}

const diedOf = (code: number | null, signal: string | null): Died => ({
  type: 'died',
  message: `its measuring process ended (${signal ?? `exit code ${code}`})`,
});
