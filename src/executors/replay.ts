import type { Executor, TrialListener, TrialRequest } from '../core/executor.ts';
import type { Json } from '../core/json.ts';
import type { Outcome, Progress } from '../core/trial.ts';
import { notOpen } from './misuse.ts';
import { runJob } from './run-job.ts';

/** What is known of a trial before it is played. */
export interface Recalled {
  /** Its `seconds` are how long the trial takes. */
  readonly outcome: Outcome;
  readonly progress?: readonly { readonly afterSeconds: number; readonly progress: Progress }[];
}

export interface ReplayOptions {
  readonly slots: number;
  /** Of the request alone; what it throws is the trial's failure. */
  readonly recall: (request: TrialRequest) => Recalled;
  readonly prepare?: (progress: (progress: Progress) => void) => Json;
  /** Of the replayed clock: a trial that takes longer fails with DEADLINE. */
  readonly deadlineMs?: number;
}

export interface ReplayExecutor extends Executor {
  /** Of the replayed clock, in seconds: since the start, and summed over the slots while they had a trial. */
  times(): { readonly elapsed: number; readonly busy: number };
}

/**
 * Plays recorded trials on any number of slots, by a clock of its own: it jumps from one end of a trial to the next as soon
 * as everybody who waits for the last one has had a turn. Nothing depends on how fast this machine is.
 */
export function createReplayExecutor(options: ReplayOptions): ReplayExecutor {
  return new Replay(options);
}

interface Waiting {
  readonly request: TrialRequest;
  readonly listener: TrialListener;
  readonly resolve: (outcome: Outcome) => void;
}

/** Something that happens when the clock gets there. */
interface Appointment {
  readonly at: number;
  readonly of: Waiting;
  readonly happen: () => void;
}

class Replay implements ReplayExecutor {
  readonly slots: number;
  readonly #options: ReplayOptions;
  readonly #waiting: Waiting[] = [];
  readonly #running = new Map<number, Waiting>();
  readonly #freeSlots: number[];
  /** In the order in which they were made; of those at one time the first comes first. */
  #appointments: Appointment[] = [];
  #now = 0;
  #busy = 0;
  #opened = false;
  #closed = false;
  #stopped = false;
  #paused = false;
  #scheduled = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.slots = options.slots;
    this.#freeSlots = Array.from({ length: options.slots }, (_, slot) => slot);
  }

  async open(progress: (progress: Progress) => void): Promise<Json> {
    const facts = this.#options.prepare?.(progress) ?? {};
    this.#opened = true;
    return facts;
  }

  run(request: TrialRequest, listener: TrialListener): Promise<Outcome> {
    if (this.#closed || !this.#opened) return Promise.reject(notOpen());
    if (this.#stopped) return Promise.resolve(aborted);
    return new Promise((resolve) => {
      this.#waiting.push({ request, listener, resolve });
      this.#fill();
    });
  }

  times() {
    return { elapsed: this.#now, busy: this.#busy };
  }

  stop(): void {
    this.#stopped = true;
    const interrupted = [...this.#running.values(), ...this.#waiting.splice(0)];
    this.#running.clear();
    this.#appointments = [];
    for (const { resolve } of interrupted) resolve(aborted);
  }

  cancel(trial: number): void {
    const found = [...this.#running].find(([, { request }]) => request.trial === trial);
    if (found) {
      this.#appointments = this.#appointments.filter(({ of }) => of !== found[1]);
      this.#end(...found, aborted);
      this.#schedule();
    }
    const waiting = this.#waiting.findIndex(({ request }) => request.trial === trial);
    if (waiting >= 0) this.#waiting.splice(waiting, 1)[0]!.resolve(aborted);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#fill();
    this.#schedule();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.stop();
    return Promise.resolve();
  }

  #fill(): void {
    while (!this.#paused && this.#freeSlots.length > 0 && this.#waiting.length > 0) {
      void this.#start(this.#waiting.shift()!, this.#freeSlots.shift()!);
    }
  }

  async #start(trial: Waiting, slot: number): Promise<void> {
    const { request, listener } = trial;
    this.#running.set(slot, trial);
    listener.started(slot, request.attempt);
    const { outcome, progress } = await this.#recall(request);
    if (this.#running.get(slot) !== trial) return;
    for (const { afterSeconds, progress: entry } of progress ?? []) {
      if (afterSeconds <= outcome.seconds) this.#appoint(trial, afterSeconds, () => listener.progress(slot, entry));
    }
    this.#appoint(trial, outcome.seconds, () => this.#end(slot, trial, outcome));
    this.#schedule();
  }

  async #recall(request: TrialRequest): Promise<Recalled> {
    let progress: Recalled['progress'];
    let seconds = 0;
    const outcome = await runJob(() => {
      const recalled = this.#options.recall(request);
      progress = recalled.progress;
      seconds = recalled.outcome.seconds;
      return Promise.resolve(recalled.outcome);
    });
    const limit = (this.#options.deadlineMs ?? Number.POSITIVE_INFINITY) / 1000;
    const timed = seconds > limit ? overdue(limit) : { ...outcome, seconds };
    return { outcome: timed, ...(progress ? { progress } : {}) };
  }

  #appoint(of: Waiting, afterSeconds: number, happen: () => void): void {
    const at = this.#now + afterSeconds;
    const place = this.#appointments.findIndex((other) => other.at > at);
    this.#appointments.splice(place < 0 ? this.#appointments.length : place, 0, { at, of, happen });
  }

  #end(slot: number, { resolve }: Waiting, outcome: Outcome): void {
    this.#running.delete(slot);
    this.#busy += outcome.seconds;
    this.#freeSlots.push(slot);
    this.#freeSlots.sort((a, b) => a - b);
    resolve(outcome);
  }

  /**
   * Who awaits an outcome may act on it a turn of the event loop later (the study loop collects what arrives together): the
   * clock stands still for two. A slot that became free is taken after the first, when the end of its trial is known.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#fill();
      setImmediate(() => this.#advance());
    });
  }

  #advance(): void {
    this.#scheduled = false;
    if (this.#paused) return;
    const next = this.#appointments[0]?.at;
    if (next === undefined) return;
    this.#now = next;
    while (this.#appointments[0]?.at === next) this.#appointments.shift()!.happen();
    this.#schedule();
  }
}

const aborted: Outcome = { state: 'aborted', reason: 'stopped', seconds: 0 };

const overdue = (seconds: number): Outcome => ({
  state: 'failed',
  code: 'DEADLINE',
  message: 'the trial did not end within its time.',
  seconds,
});
