import type { Candidate } from '../../core/candidate.ts';
import type { Controller } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Scheduler, Verdict } from '../../core/scheduler.ts';
import type { JobResult, Ledger } from './ledger.ts';
import type { Snapshot } from './log.ts';

/** A candidate that a study starts with. `origin`: 'baseline', 'anchor' … */
export interface InitialTrial {
  readonly candidate: Candidate;
  readonly origin: string;
}

/** What the next job is: a new trial, or a further rung of a paused one. */
export type Decision =
  | {
      readonly type: 'asked';
      readonly trial: number;
      readonly candidate: Candidate;
      readonly key: string;
      readonly origin: string;
    }
  | { readonly type: 'continued'; readonly trial: number; readonly rung: number };

export interface ProposerParts {
  readonly controller: Controller;
  /** The origin of what the controller proposes. */
  readonly controllerName: string;
  readonly scheduler: Scheduler;
  readonly keyOf: (candidate: Candidate) => string;
  readonly initial: readonly InitialTrial[];
  /** What is tried after these, before the controller is asked; what was tried already is left out. */
  readonly queued?: readonly InitialTrial[];
  readonly lookAhead: number;
  readonly ledger: Pick<Ledger, 'trials' | 'jobs' | 'resultOf' | 'told'>;
  readonly snapshot: Snapshot | undefined;
  /** Sees every result in the order of the jobs, before anything is decided because of it. */
  readonly onResult?: (result: JobResult) => void;
}

/** Told results before the first snapshot; every further one comes at twice the number, so all together stay O(trials). */
const firstSnapshot = 32;

/**
 * The order in which everything is decided, the same for every number of workers and every interruption. Jobs form one
 * sequence; job n is decided when the results of all jobs up to n − lookAhead are known, from these results in the order of
 * the jobs. The scheduler comes first: a paused trial that goes on, else a new one. The controller is told just before it is
 * asked. A study without a scheduler whose budget grows therefore goes on exactly like one that had the larger budget from
 * the start.
 *
 * Where nothing can be decided (the budget of trials is used up, but some are still paused) the scheduler is told one more
 * result at a time. The controller is not: what it knows when it is asked for job n never depends on that.
 *
 * Jobs of the log are replayed as they were decided before new ones are.
 */
export class Proposer {
  /** The controller had nothing left to propose. */
  exhausted = false;
  /** Rungs of every trial, as shares of the full training. */
  readonly ends: (readonly number[])[] = [];
  readonly #parts: ProposerParts;
  readonly #initial: readonly InitialTrial[];
  readonly #queue: InitialTrial[];
  readonly #keys: Set<string>;
  /** What the scheduler said of every job that it was told. */
  readonly #verdicts: Verdict[] = [];
  /** Trials that the scheduler stopped, not yet taken. */
  #stopped: { readonly trial: number; readonly reason: string }[] = [];
  /** Jobs that the controller knows, and how many of them from a snapshot. */
  #told = 0;
  #restored = 0;
  /** Jobs that the scheduler and the controller know. */
  #settled = 0;
  #nextSnapshot = firstSnapshot;

  constructor(parts: ProposerParts) {
    this.#parts = parts;
    this.#initial = distinct(parts.initial, parts.keyOf);
    this.#queue = distinct(parts.queued ?? [], parts.keyOf);
    this.#keys = new Set(parts.ledger.trials.map(({ key }) => key));
    if (parts.snapshot?.version !== stateVersionOf(parts.controller)) return;
    parts.controller.restore(parts.snapshot.state);
    this.#restored = parts.snapshot.told;
    this.#nextSnapshot = 2 * parts.snapshot.told;
  }

  /** Brings controller and scheduler to where the log ends; returns the snapshots that the log lacks. */
  replay(): Snapshot[] {
    return this.#parts.ledger.jobs.flatMap(({ trial, rung }, job) => {
      if (rung === 0) return this.#replayAsk(job, trial);
      const before = this.#parts.ledger.trials[trial]!.jobs[rung - 1]!;
      if (!this.#schedule(before + 1)) throw unanswered(job);
      this.#parts.scheduler.continued(trial);
      return [];
    });
  }

  /** The next job; undefined while it has to wait for a result, and when there is none. `mayAsk`: for a new trial. */
  next(mayAsk: boolean): Decision | undefined {
    const job = this.#parts.ledger.jobs.length;
    if (!this.#schedule(this.#known(job))) return undefined;
    do {
      const decision = this.#continue() ?? (mayAsk ? this.#ask(job) : undefined);
      if (decision) return decision;
    } while (this.#schedule(this.#verdicts.length + 1));
    return undefined;
  }

  /** Whether no trial goes on, once everything is known. */
  settled(): boolean {
    this.#schedule(this.#parts.ledger.jobs.length);
    return this.#parts.scheduler.next() === undefined;
  }

  /** Trials that were stopped since the last call. */
  takeStopped(): readonly { readonly trial: number; readonly reason: string }[] {
    const stopped = this.#stopped;
    this.#stopped = [];
    return stopped;
  }

  /** The controller's state, when it is time to save it again. */
  takeSnapshot(): [] | [Snapshot] {
    if (this.#told < this.#nextSnapshot) return [];
    this.#nextSnapshot = 2 * this.#told;
    const { controller } = this.#parts;
    return [{ told: this.#told, state: controller.save(), version: stateVersionOf(controller) }];
  }

  /** How many results a job is decided from, at least. */
  #known(job: number): number {
    return Math.max(0, job - this.#parts.lookAhead + 1);
  }

  /** A snapshot is taken after an ask, so it knows all asks of the jobs below `restored + lookAhead`. */
  #replayAsk(job: number, trial: number): [] | [Snapshot] {
    if (!this.#schedule(this.#known(job))) throw unanswered(job);
    this.#begin(trial);
    this.#tell(this.#known(job));
    if (job >= this.#restored + this.#parts.lookAhead || this.#restored === 0) {
      this.#parts.controller.asked(trial, this.#parts.ledger.trials[trial]!.candidate);
    }
    return this.takeSnapshot();
  }

  #begin(trial: number): void {
    this.ends[trial] = this.#parts.scheduler.begin(trial);
  }

  #continue(): Decision | undefined {
    const { scheduler, ledger } = this.#parts;
    const trial = scheduler.next();
    if (trial === undefined) return undefined;
    scheduler.continued(trial);
    return { type: 'continued', trial, rung: ledger.trials[trial]!.jobs.length };
  }

  #ask(job: number): Decision | undefined {
    if (this.exhausted) return undefined;
    const { controller, controllerName, ledger } = this.#parts;
    this.#tell(this.#known(job));
    const trial = ledger.trials.length;
    const initial = this.#initial[trial] ?? this.#nextQueued();
    if (initial) controller.asked(trial, initial.candidate);
    const candidate = initial ? initial.candidate : controller.ask(trial);
    if (!candidate) {
      this.exhausted = true;
      return undefined;
    }
    this.#begin(trial);
    return { type: 'asked', trial, candidate, key: this.#claim(candidate), origin: initial?.origin ?? controllerName };
  }

  #nextQueued(): InitialTrial | undefined {
    let next = this.#queue.shift();
    while (next && this.#keys.has(this.#parts.keyOf(next.candidate))) next = this.#queue.shift();
    return next;
  }

  /** Tells the scheduler the results of the first `count` jobs; false while one is missing. */
  #schedule(count: number): boolean {
    const { ledger, scheduler, onResult } = this.#parts;
    while (this.#verdicts.length < count) {
      const job = this.#verdicts.length;
      const result = job < ledger.jobs.length ? ledger.resultOf(job) : undefined;
      if (!result) return false;
      const verdict = scheduler.tell(result.rung);
      this.#verdicts.push(verdict);
      if (verdict.state === 'stopped') this.#stopped.push({ trial: result.rung.trial, reason: verdict.reason });
      onResult?.(result);
      this.#settle();
    }
    return true;
  }

  /** Tells the controller the results of the first `count` jobs. */
  #tell(count: number): void {
    for (; this.#told < count; this.#told++) {
      if (this.#told >= this.#restored) this.#parts.controller.tell(this.#parts.ledger.resultOf(this.#told)!.result);
    }
    this.#settle();
  }

  #settle(): void {
    const both = Math.min(this.#told, this.#verdicts.length);
    for (; this.#settled < both; this.#settled++) this.#parts.ledger.told(this.#settled);
  }

  #claim(candidate: Candidate): string {
    const key = this.#parts.keyOf(candidate);
    if (this.#keys.has(key)) throw repeated(this.#parts.controllerName, key);
    this.#keys.add(key);
    return key;
  }
}

const stateVersionOf = ({ stateVersion = 1 }: Controller): number => stateVersion;

/** The first of each key. */
function distinct(initial: readonly InitialTrial[], keyOf: (candidate: Candidate) => string): InitialTrial[] {
  const byKey = new Map<string, InitialTrial>();
  for (const entry of initial) {
    const key = keyOf(entry.candidate);
    if (!byKey.has(key)) byKey.set(key, entry);
  }
  return [...byKey.values()];
}

const unanswered = (job: number) =>
  new NasError(
    'STORE_CORRUPT',
    `job ${job} was decided before the results that it depends on. Restore the database from a copy.`,
    {
      facts: { job },
    },
  );

const repeated = (controller: string, key: string) =>
  new NasError(
    'CONTROLLER_REPEATS',
    `controller "${controller}" proposed a network twice: ${key}. This is a defect of the controller.`,
    {
      facts: { controller, key },
      exitCode: exitCodes.failure,
    },
  );
