import type { Candidate, Plan } from '../core/candidate.ts';
import type { Executor, TrialListener, TrialRequest } from '../core/executor.ts';
import type { Json } from '../core/json.ts';
import type { Outcome, Progress } from '../core/trial.ts';
import { type TrialHooks, type TrialModule, TrialStopped } from '../trial/protocol.ts';
import { kindOf } from './kind.ts';
import { notOpen } from './misuse.ts';
import { runJob } from './run-job.ts';
import { throttleProgress } from './throttle.ts';

interface InlineOptions {
  /** The module, or how to import it when the executor opens. */
  readonly module: TrialModule | (() => Promise<TrialModule>);
  /** Handed to the module's `prepare`. */
  readonly setup: Json;
  readonly planOf: (candidate: Candidate) => Plan;
  /** A trial that takes longer fails with DEADLINE at its next step. */
  readonly deadlineMs?: number;
}

/**
 * Runs trials one after another in this thread: for tests and for the debugger. A crash of the trial is a crash of
 * the process, and a pause takes hold between trials (a thread cannot wait for itself).
 */
export function createInlineExecutor(options: InlineOptions): Executor {
  return new InlineExecutor(options);
}

class InlineExecutor implements Executor {
  readonly slots = 1;
  readonly #options: InlineOptions;
  #module: TrialModule | undefined;
  #shared: unknown;
  #stopped = false;
  /** Trials that run or wait, and whether each is to end. */
  readonly #trials = new Map<number, { cancelled: boolean }>();
  #closed = false;
  /** Settles when the trial before has ended. */
  #tail: Promise<unknown> = Promise.resolve();
  #paused: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(options: InlineOptions) {
    this.#options = options;
  }

  async open(progress: (progress: Progress) => void): Promise<Json> {
    const { module, setup } = this.#options;
    this.#module = typeof module === 'function' ? await module() : module;
    const throttle = throttleProgress(progress);
    const { shared, facts } = await this.#module.prepare(setup, this.#hooks(throttle));
    pass(throttle.take(), progress);
    this.#shared = shared;
    return facts;
  }

  run(request: TrialRequest, listener: TrialListener): Promise<Outcome> {
    if (this.#closed || !this.#module) return Promise.reject(notOpen());
    const module = this.#module;
    const outcome = this.#tail.then(() => this.#runNow(module, request, listener));
    this.#trials.set(request.trial, { cancelled: false });
    this.#tail = outcome.catch(() => undefined).then(() => this.#trials.delete(request.trial));
    return outcome;
  }

  async #runNow(module: TrialModule, request: TrialRequest, listener: TrialListener): Promise<Outcome> {
    await this.#paused?.promise;
    if (this.#stopped || this.#isCancelled(request.trial)) return { state: 'aborted', reason: 'stopped', seconds: 0 };
    const { trial, attempt, seed, candidate } = request;
    listener.started(0, attempt);
    const send = (progress: Progress) => listener.progress(0, progress);
    const throttle = throttleProgress(send);
    const deadlineAt = performance.now() + (this.#options.deadlineMs ?? Number.POSITIVE_INFINITY);
    const job = { trial, attempt, seed, plan: this.#options.planOf(candidate), ...kindOf(request) };
    const outcome = await runJob(() => module.run(job, this.#shared, this.#hooks(throttle, deadlineAt, trial)));
    pass(throttle.take(), send);
    return outcome;
  }

  #hooks(throttle: ReturnType<typeof throttleProgress>, deadlineAt = Number.POSITIVE_INFINITY, trial?: number): TrialHooks {
    return {
      progress: throttle.report,
      checkpoint: () => {
        throttle.tick();
        if (this.#stopped || this.#isCancelled(trial)) throw new TrialStopped('stopped');
        if (performance.now() > deadlineAt) throw new TrialStopped('deadline');
      },
      exclusive: (work) => work(true),
      gpu: (work) => work(),
    };
  }

  #isCancelled(trial: number | undefined): boolean {
    return trial !== undefined && this.#trials.get(trial)?.cancelled === true;
  }

  cancel(trial: number): void {
    const found = this.#trials.get(trial);
    if (found) found.cancelled = true;
  }

  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  pause(): void {
    if (this.#paused || this.#stopped) return;
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.#paused = { promise, resolve };
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.stop();
    await this.#tail;
    await this.#module?.release?.();
  }
}

function pass(last: Progress | undefined, send: (progress: Progress) => void): void {
  if (last) send(last);
}
