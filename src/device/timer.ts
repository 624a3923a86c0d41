import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { NasError } from '../core/errors.ts';
import type { LatencyResult } from '../network/metrics/latency.ts';
import type { Timing, TimingReply } from './timing-process.ts';

/** Measures in a process of its own, which is started again where a file brings it down. One timing at a time. */
export class Timer {
  readonly #start: () => ChildProcess;
  #process: ChildProcess | undefined;

  /** @param start starts timing-process.ts, with advanced serialization */
  constructor(start: () => ChildProcess) {
    this.#start = start;
  }

  /** Throws NasError DEVICE_FAILED. */
  async time(timing: Timing): Promise<LatencyResult> {
    const child = this.#process ?? this.#start();
    this.#process = child;
    const ended = new AbortController();
    const { signal } = ended;
    const replied = once(child, 'message', { signal }).then(([reply]) => reply as TimingReply);
    const died = once(child, 'exit', { signal }).then(([code, how]) => diedOf(code as number | null, how as string | null));
    replied.catch(() => undefined);
    died.catch(() => undefined);
    child.send(timing);
    try {
      const reply = await Promise.race([replied, died]);
      if (reply.type === 'done') return reply.latency;
      throw new NasError('DEVICE_FAILED', reply.message);
    } finally {
      ended.abort();
      if (child.exitCode !== null || child.signalCode !== null) this.#process = undefined;
    }
  }

  close(): void {
    this.#process?.kill('SIGKILL');
  }
}

const diedOf = (code: number | null, signal: string | null): TimingReply => ({
  type: 'failed',
  message: `its measuring process ended (${signal ?? `exit code ${code}`})`,
});
