import type { Candidate, Plan } from '../core/candidate.ts';
import { exitCodes, NasError } from '../core/errors.ts';
import type { Executor, TrialListener, TrialRequest } from '../core/executor.ts';
import type { Json } from '../core/json.ts';
import type { Outcome, Progress } from '../core/trial.ts';
import { kindOf } from './kind.ts';
import { notOpen } from './misuse.ts';
import { urlBeside } from './pool/entry.ts';
import { type HostMessage, type HostProcess, startHost } from './pool/host-process.ts';
import { type Death, fromPlain, type HostSettings } from './pool/messages.ts';
import { type Entry, TrialQueue } from './pool/queue.ts';

export interface PoolOptions {
  /** Worker threads, one trial each. */
  readonly slots: number;
  /** Handed to the module's `prepare`, in every host that is started. */
  readonly setup: Json;
  readonly planOf: (candidate: Candidate) => Plan;
  /** The module that exports `trialModule`; the real one by default. */
  readonly module?: URL;
  /** A trial that takes longer fails with DEADLINE at its next step. Time spent parked, or suspended, does not count. */
  readonly deadlineMs?: number;
  /** A trial that comes to no step for so long hangs: its host is killed, and it fails with STUCK. */
  readonly stallMs?: number;
  /** How long a stopped or overdue trial may take to reach a step before its host is killed. */
  readonly graceMs?: number;
  /** How long the exclusive lane waits for the other trials to reach a step before it goes on beside them. */
  readonly laneWaitMs?: number;
  /**
   * Resident memory of the host, all threads together. Close to it, they give back what they keep only to be faster; a
   * host that stays above it ends.
   */
  readonly maxRssMb?: number;
  /** Things worth telling that are no outcome: restarts, noise in the lane. */
  readonly warn?: (message: string) => void;
}

/**
 * Runs trials on worker threads of a trial host, a process of its own: whatever a trial does to it, this process goes on.
 *
 * A host that dies is started again and its trials run once more, each alone, so that the culprit is found: the trial
 * whose host or thread died twice fails with HOST_CRASHED or OUT_OF_MEMORY, its neighbours pay nothing. A trial that
 * overruns its deadline without reaching a step takes the host with it and fails with DEADLINE; one that hangs, with STUCK.
 */
export function createPoolExecutor(options: PoolOptions): Executor {
  return new PoolExecutor(options);
}

/** Longer than anything that is known to happen between two steps, singular values of the largest layers included. */
const defaultStallMs = 30 * 60_000;

/**
 * After this many crashes in a row, no trial ended between them, it is not the trials (each may crash twice). Where some have
 * ended before, so many of the candidates may be bad that the study gives up first.
 */
const crashLimit = (slots: number, proven: boolean) => (proven ? 40 : 6) + 2 * slots;

/** A host that dies this often in a row before it is prepared never will be. */
const preparationLimit = 3;

const backoffMs = (crashes: number) => Math.min(100 * 2 ** (crashes - 1), 5000);

interface Opening {
  readonly resolve: (facts: Json) => void;
  readonly reject: (error: Error) => void;
  readonly progress: (progress: Progress) => void;
}

class PoolExecutor implements Executor {
  readonly slots: number;
  readonly #options: PoolOptions;
  readonly #settings: HostSettings;
  readonly #queue: TrialQueue;
  readonly #unsettled = new Set<Promise<Outcome>>();
  /** From the call of `open` until the first host is prepared. */
  #opening: Opening | undefined;
  #opened = false;
  #host: HostProcess | undefined;
  /** The host is prepared and takes trials. */
  #ready = false;
  #restartTimer: NodeJS.Timeout | undefined;
  /** Crashes since a trial last ended by itself. */
  #crashes = 0;
  /** A trial has ended by itself. */
  #proven = false;
  /** Hosts in a row that died before they were prepared. */
  #lostPreparations = 0;
  #paused = false;
  #stopped = false;
  #closed = false;
  /** Once set, nothing runs any more. */
  #fatal: NasError | undefined;

  constructor(options: PoolOptions) {
    const { slots, setup, deadlineMs, stallMs = defaultStallMs, graceMs = 15_000, laneWaitMs = 10_000, maxRssMb } = options;
    const module = (options.module ?? urlBeside('../trial/trial', import.meta.url)).href;
    this.slots = slots;
    this.#options = options;
    this.#settings = { slots, setup, module, deadlineMs, stallMs, graceMs, laneWaitMs, maxRssMb };
    this.#queue = new TrialQueue(slots);
  }

  open(progress: (progress: Progress) => void): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject, progress };
      this.#startHost();
    });
  }

  run(request: TrialRequest, listener: TrialListener): Promise<Outcome> {
    if (this.#fatal) return Promise.reject(this.#fatal);
    if (this.#closed || !this.#opened) return Promise.reject(notOpen());
    const outcome = new Promise<Outcome>((resolve, reject) => {
      const plan = this.#options.planOf(request.candidate);
      this.#queue.add({ request, plan, listener, resolve, reject, starts: 0, startedAt: 0, crashes: 0 });
    });
    this.#unsettled.add(outcome);
    const settled = () => this.#unsettled.delete(outcome);
    outcome.then(settled, settled);
    this.#dispatch();
    return outcome;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#restartTimer);
    if (this.#host) this.#host.stop();
    else this.#abandon();
    this.#dispatch();
    setTimeout(() => this.#killIfBusy(), this.#settings.graceMs).unref();
  }

  cancel(trial: number): void {
    const slot = this.#queue.slotOf(trial);
    if (slot !== undefined) this.#host?.cancel(slot, trial);
    const waiting = this.#queue.takeWaiting(trial);
    waiting?.resolve(aborted(waiting));
  }

  pause(): void {
    this.#paused = true;
    this.#host?.pause(true);
  }

  resume(): void {
    this.#paused = false;
    this.#host?.pause(false);
    this.#dispatch();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.stop();
    await Promise.allSettled(this.#unsettled);
    const host = this.#host;
    if (!host) return;
    if (this.#ready) host.kill(); // its threads are idle; one that still prepares is stopped, or killed after the grace
    await host.ended;
  }

  /** Starts what may start; after a stop, nothing may. */
  #dispatch(): void {
    if (this.#stopped) {
      for (const entry of this.#queue.clearWaiting()) entry.resolve(aborted(entry));
      return;
    }
    if (!this.#ready || this.#paused) return;
    for (let next = this.#queue.start(); next; next = this.#queue.start()) this.#start(next.slot, next.entry);
  }

  #start(slot: number, entry: Entry): void {
    const { trial, seed } = entry.request;
    const attempt = entry.request.attempt + entry.starts - 1;
    entry.listener.started(slot, attempt);
    this.#host!.run({ slot, job: { trial, attempt, seed, plan: entry.plan, ...kindOf(entry.request) } });
  }

  #startHost(): void {
    this.#host = startHost(this.#settings, {
      receive: (message) => this.#receive(message),
      died: (death, culprits) => this.#died(death, culprits),
    });
    if (this.#paused) this.#host.pause(true);
  }

  #receive(message: HostMessage): void {
    switch (message.type) {
      case 'prepared':
        this.#prepared(message.facts);
        break;
      case 'refused':
        this.#fail(fromPlain(message.error));
        break;
      case 'progress':
        this.#progress(message.slot, message.progress);
        break;
      case 'outcome':
        this.#ended(message.slot, message.outcome);
        break;
      case 'crashed':
        this.#crashed([message.slot], message.death);
        break;
      case 'warning':
        this.#options.warn?.(message.message);
        break;
      default:
        message satisfies never;
    }
  }

  #progress(slot: number, progress: Progress): void {
    if (this.#ready) this.#queue.running(slot)?.listener.progress(slot, progress);
    else this.#opening?.progress(progress);
  }

  #prepared(facts: Json): void {
    this.#ready = true;
    this.#lostPreparations = 0;
    this.#opened = true;
    this.#opening?.resolve(facts);
    this.#opening = undefined;
    this.#dispatch();
  }

  #ended(slot: number, outcome: Outcome): void {
    this.#crashes = 0;
    this.#proven = true;
    this.#queue.finish(slot)?.resolve(outcome);
    setImmediate(() => this.#dispatch()); // whoever waits for the outcome hears of it before the next trial starts there
  }

  /** Trials were lost with their thread or host, and one of them may be why. */
  #crashed(slots: readonly number[], death: Death): void {
    this.#crashes++;
    for (const guilty of this.#queue.crash(slots)) guilty.resolve(failed(guilty, death));
    if (this.#crashes >= crashLimit(this.slots, this.#proven))
      this.#fail(crashError(`${this.#crashes} crashes in a row, no trial ended between them`, death));
    this.#dispatch();
  }

  /** The host is gone, with all that ran on it. `culprits`: the slots that are known to be why. */
  #died(death: Death, culprits: readonly number[] | undefined): void {
    const wasReady = this.#ready;
    this.#host = undefined;
    this.#ready = false;
    if (this.#stopped || this.#fatal) this.#abandon();
    else if (wasReady) this.#recover(death, culprits);
    else this.#prepareAgain(death);
  }

  /** No trial is to blame for a host that died before it ran one. */
  #prepareAgain(death: Death): void {
    this.#lostPreparations++;
    if (this.#lostPreparations >= preparationLimit) {
      this.#fail(crashError(`the trial host did not survive its preparation, ${preparationLimit} times in a row`, death));
      return;
    }
    this.#options.warn?.(`${death.message} It was preparing; it is started again.`);
    this.#restartTimer = setTimeout(() => this.#startHost(), backoffMs(this.#lostPreparations));
  }

  #recover(death: Death, culprits: readonly number[] | undefined): void {
    this.#options.warn?.(`${death.message} It is started again.`);
    for (const slot of culprits ?? []) {
      const entry = this.#queue.finish(slot);
      entry?.resolve(failed(entry, death));
    }
    if (culprits) this.#queue.requeue(this.#queue.busy);
    this.#crashed(this.#queue.busy, death);
    if (!this.#fatal) this.#restartTimer = setTimeout(() => this.#startHost(), backoffMs(this.#crashes));
  }

  /** Ends everything that still wants to run because the host is gone and none follows. */
  #abandon(): void {
    this.#opening?.reject(this.#fatal ?? stoppedError());
    this.#opening = undefined;
    for (const slot of this.#queue.busy) {
      const entry = this.#queue.finish(slot)!;
      entry.resolve(aborted(entry));
    }
    this.#dispatch();
  }

  #fail(error: NasError): void {
    this.#fatal = error;
    this.#opening?.reject(error);
    this.#opening = undefined;
    this.#queue.requeue(this.#queue.busy);
    for (const entry of this.#queue.clearWaiting()) entry.reject(error);
    this.#host?.kill();
  }

  #killIfBusy(): void {
    if (!this.#ready || this.#queue.busy.length > 0) this.#host?.kill();
  }
}

const secondsOf = ({ startedAt, starts }: Entry) => (starts === 0 ? 0 : (performance.now() - startedAt) / 1000);

const aborted = (entry: Entry): Outcome => ({ state: 'aborted', reason: 'stopped', seconds: secondsOf(entry) });

const failed = (entry: Entry, { code, message }: Death): Outcome => ({
  state: 'failed',
  code,
  message,
  seconds: secondsOf(entry),
});

const stoppedError = () => new NasError('STOPPED', 'stopped while preparing.', { exitCode: exitCodes.interrupted });

const crashError = (what: string, { code, message }: Death) =>
  new NasError(code, `${what}. ${message}`, { facts: { death: message }, exitCode: exitCodes.failure });
