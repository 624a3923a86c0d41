import type { Executor, TrialListener, TrialRequest } from '../../core/executor.ts';
import type { Outcome } from '../../core/trial.ts';
import type { Ledger } from './ledger.ts';

export interface DispatcherParts {
  readonly executor: Executor;
  readonly ledger: Ledger;
  /** Jobs that may run at once. */
  readonly slots: number;
  /** What to ask the executor for. */
  readonly requestOf: (job: number) => TrialRequest;
  readonly listenerOf: (job: number) => TrialListener;
  readonly arrived: (job: number, outcome: Outcome) => void;
  /** The executor itself failed. */
  readonly failed: (error: unknown) => void;
}

/** Jobs that are decided and not finished: those that wait for a worker, in their order, and those that run. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  #waiting: number[] = [];
  readonly #running = new Set<number>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  add(job: number): void {
    this.#waiting.push(job);
  }

  get busy(): boolean {
    return this.#running.size > 0;
  }

  runs(job: number): boolean {
    return this.#running.has(job);
  }

  /** Waiting jobs of trials below this number. */
  count(trials: number): number {
    return this.#waiting.filter((job) => this.#trialOf(job) < trials).length;
  }

  /** Starts what there is room for, of trials below this number: those beyond were decided for a larger budget. */
  start(trials: number): void {
    while (this.#running.size < this.#parts.slots) {
      const place = this.#waiting.findIndex((job) => this.#trialOf(job) < trials);
      const job = this.#waiting[place];
      if (job === undefined || !this.#mayStart(job)) return;
      this.#waiting.splice(place, 1);
      this.#run(job);
    }
  }

  #trialOf(job: number): number {
    return this.#parts.ledger.jobs[job]!.trial;
  }

  /** The baseline runs alone first: others are measured against it. */
  #mayStart(job: number): boolean {
    return job === 0 || this.#parts.ledger.jobs[0]!.end !== undefined;
  }

  #run(job: number): void {
    const { executor, requestOf, listenerOf, arrived, failed } = this.#parts;
    this.#running.add(job);
    executor.run(requestOf(job), listenerOf(job)).then(
      (outcome) => this.#ended(job, () => arrived(job, outcome)),
      (error: unknown) => this.#ended(job, () => failed(error)),
    );
  }

  #ended(job: number, tell: () => void): void {
    this.#running.delete(job);
    tell();
  }
}
