import type { Candidate } from '../../core/candidate.ts';
import type { Controller, TrialResult } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Snapshot, StudyLog } from './log.ts';

/** A candidate that a study starts with. `origin`: 'baseline', 'anchor' … */
export interface InitialTrial {
  readonly candidate: Candidate;
  readonly origin: string;
}

export interface Proposal {
  readonly trial: number;
  readonly candidate: Candidate;
  readonly key: string;
  readonly origin: string;
}

export interface ProposerParts {
  readonly controller: Controller;
  /** The origin of what the controller proposes. */
  readonly controllerName: string;
  readonly keyOf: (candidate: Candidate) => string;
  readonly initial: readonly InitialTrial[];
  readonly lookAhead: number;
  readonly log: StudyLog;
  /** The result of a trial; undefined while it runs. */
  readonly resultOf: (trial: number) => TrialResult | undefined;
}

/** Told results before the first snapshot; every further one comes at twice the number, so all together stay O(trials). */
const firstSnapshot = 32;

/**
 * The order in which a controller is asked and told, the same for every number of workers and every interruption: trial n
 * is asked when all trials up to n − lookAhead are told, and a trial is told just before the ask that waits for it. A study
 * whose budget grows therefore goes on exactly like one that had the larger budget from the start.
 *
 * Trials of the log are replayed with their recorded candidates before new ones are proposed.
 */
export class Proposer {
  /** Trials asked so far: the number of the next one. */
  asked = 0;
  /** The controller had nothing left to propose. */
  exhausted = false;
  readonly #parts: ProposerParts;
  readonly #initial: readonly InitialTrial[];
  readonly #keys: Set<string>;
  #told = 0;
  #nextSnapshot = firstSnapshot;

  constructor(parts: ProposerParts) {
    this.#parts = parts;
    this.#initial = distinct(parts.initial, parts.keyOf);
    this.#keys = new Set(parts.log.trials.map(({ key }) => key));
    if (parts.log.snapshot) this.#restore(parts.log.snapshot);
  }

  /** Brings the controller to where the log ends; returns the snapshots that the log lacks. */
  replay(): Snapshot[] {
    const { controller, log } = this.#parts;
    const snapshots: Snapshot[] = [];
    while (this.asked < log.trials.length) {
      if (!this.#tellBefore(this.asked)) throw unanswered(this.asked);
      controller.asked(this.asked, log.trials[this.asked]!.candidate);
      this.asked++;
      snapshots.push(...this.takeSnapshot());
    }
    return snapshots;
  }

  /** The next trial; undefined while it has to wait for a result, and when the space is exhausted. */
  next(): Proposal | undefined {
    if (this.exhausted || !this.#tellBefore(this.asked)) return undefined;
    const trial = this.asked;
    const initial = this.#initial[trial];
    if (initial) this.#parts.controller.asked(trial, initial.candidate);
    const proposal = initial ?? this.#ask(trial);
    if (!proposal) {
      this.exhausted = true;
      return undefined;
    }
    this.asked++;
    return { trial, key: this.#claim(proposal.candidate), ...proposal };
  }

  /** The controller's state, when it is time to save it again. */
  takeSnapshot(): [] | [Snapshot] {
    if (this.#told < this.#nextSnapshot) return [];
    this.#nextSnapshot = 2 * this.#told;
    return [{ told: this.#told, state: this.#parts.controller.save() }];
  }

  /** A snapshot is taken after an ask, so it tells how many were asked: `told + lookAhead`. */
  #restore({ told, state }: Snapshot): void {
    this.#parts.controller.restore(state);
    this.#told = told;
    this.asked = told + this.#parts.lookAhead;
    this.#nextSnapshot = 2 * told;
  }

  #ask(trial: number): InitialTrial | undefined {
    const candidate = this.#parts.controller.ask(trial);
    return candidate && { candidate, origin: this.#parts.controllerName };
  }

  /** Tells all results that the ask of a trial depends on; false while one is missing. */
  #tellBefore(trial: number): boolean {
    for (; this.#told <= trial - this.#parts.lookAhead; this.#told++) {
      const result = this.#parts.resultOf(this.#told);
      if (!result) return false;
      this.#parts.controller.tell(result);
    }
    return true;
  }

  #claim(candidate: Candidate): string {
    const key = this.#parts.keyOf(candidate);
    if (this.#keys.has(key)) throw repeated(this.#parts.controllerName, key);
    this.#keys.add(key);
    return key;
  }
}

/** The first of each key. */
function distinct(initial: readonly InitialTrial[], keyOf: (candidate: Candidate) => string): InitialTrial[] {
  const byKey = new Map<string, InitialTrial>();
  for (const entry of initial) {
    const key = keyOf(entry.candidate);
    if (!byKey.has(key)) byKey.set(key, entry);
  }
  return [...byKey.values()];
}

const unanswered = (trial: number) =>
  new NasError(
    'STORE_CORRUPT',
    `trial ${trial} was asked before the results that it depends on. Restore the database from a copy.`,
    {
      facts: { trial },
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
