import type { Candidate } from '../../core/candidate.ts';
import type { ControllerContext, TrialResult } from '../../core/controller.ts';
import type { Json } from '../../core/json.ts';
import { losses, type Metrics, violation } from '../../core/objective.ts';
import type { Space } from '../space/space.ts';
import { Elite, type Evaluated } from './elite.ts';
import { Proposals } from './proposals.ts';

/** A result that can be compared. */
export interface Observed extends Evaluated {
  readonly metrics: Metrics;
  readonly fidelity: number;
}

interface Saved {
  readonly proposals: Json;
  /** trial, fidelity, then the metrics of the goal in order; null where one is missing. */
  readonly results: readonly (readonly [number, number, ...(number | null)[]])[];
  readonly failed: readonly number[];
}

/**
 * What a controller remembers: all candidates proposed, the results that can be compared, in the order in which their trials
 * were first told, and the trials that failed. What is neither is pending. A trial that is told again, after more training,
 * has its latest result.
 */
export class History {
  readonly proposals: Proposals;
  readonly results: Observed[] = [];
  readonly #context: ControllerContext<Space>;
  readonly #names: readonly string[];
  readonly #failed = new Set<number>();
  readonly #pending = new Map<number, Candidate>();
  /** By trial: its place among the results, −1 for one without a result; undefined where it was not told. */
  readonly #places: (number | undefined)[] = [];
  readonly #eliteSize: number;
  #elite: Elite<Observed>;
  /** The elite is still to be made, from all results. */
  #stale = false;

  constructor(context: ControllerContext<Space>, eliteSize = 0) {
    this.#eliteSize = eliteSize;
    this.#elite = new Elite(eliteSize);
    this.#context = context;
    this.proposals = new Proposals(context);
    const { objectives, constraints } = context.goal;
    this.#names = [...new Set([...objectives, ...constraints].map(({ metric }) => metric))];
  }

  asked(trial: number, candidate: Candidate): void {
    this.proposals.add(trial, candidate);
    if (this.#places[trial] === undefined) this.#pending.set(trial, candidate);
  }

  /** Undefined for a trial that failed, or whose candidate does not lie in the space (a baseline that it cannot express). */
  tell({ trial, candidate, metrics, fidelity = 1 }: TrialResult): Observed | undefined {
    this.proposals.add(trial, candidate);
    this.#settle(trial);
    const result = metrics && this.#observe(trial, candidate, metrics, fidelity);
    if (result) this.#add(result);
    else this.#failed.add(trial);
    return result;
  }

  /** The best results, the best first. */
  elite(): readonly Observed[] {
    if (this.#stale) {
      this.#elite = new Elite(this.#eliteSize);
      for (const result of this.results) this.#elite.add(result);
      this.#stale = false;
    }
    return this.#elite.members();
  }

  /** Candidates that lie in the space and whose trials failed. */
  failures(): Candidate[] {
    return [...this.#failed].map((trial) => this.proposals.get(trial)!).filter((candidate) => this.#isInside(candidate));
  }

  /** Candidates that lie in the space and whose trials still run. */
  pending(): Candidate[] {
    return [...this.#pending.values()].filter((candidate) => this.#isInside(candidate));
  }

  save(): Json {
    const results = this.results.map(({ trial, fidelity, metrics }) => [
      trial,
      fidelity,
      ...this.#names.map((name) => metrics[name] ?? null),
    ]);
    return { proposals: this.proposals.save(), results, failed: [...this.#failed] };
  }

  restore(state: Json): void {
    const { proposals, results, failed } = state as unknown as Saved;
    this.proposals.restore(proposals);
    for (const [trial, candidate] of this.proposals.entries()) this.#pending.set(trial, candidate);
    for (const trial of failed) {
      this.#settle(trial);
      this.#failed.add(trial);
    }
    for (const [trial, fidelity, ...values] of results) {
      this.#settle(trial);
      const known = this.#names.flatMap((name, i) => (values[i] === null ? [] : [[name, values[i]!] as const]));
      this.#add(this.#observe(trial, this.proposals.get(trial)!, Object.fromEntries(known), fidelity)!);
    }
  }

  #add(result: Observed): void {
    const place = this.#places[result.trial] ?? -1;
    if (place < 0) {
      this.#places[result.trial] = this.results.length;
      this.results.push(result);
      if (!this.#stale) this.#elite.add(result);
    } else {
      this.results[place] = result;
      this.#stale = true;
    }
  }

  #settle(trial: number): void {
    this.#places[trial] ??= -1;
    this.#pending.delete(trial);
  }

  #observe(trial: number, candidate: Candidate, metrics: Metrics, fidelity: number): Observed | undefined {
    if (!this.#isInside(candidate)) return undefined;
    const { objectives, constraints } = this.#context.goal;
    const known = Object.fromEntries(this.#names.flatMap((name) => (metrics[name] === undefined ? [] : [[name, metrics[name]]])));
    const result = {
      trial,
      candidate,
      metrics: known,
      fidelity,
      losses: losses(known, objectives),
      violation: violation(known, constraints),
    };
    return result.losses.every(Number.isFinite) && Number.isFinite(result.violation) ? result : undefined;
  }

  #isInside(candidate: Candidate): boolean {
    return this.#context.space.parameters.every(({ name }) => candidate[name] !== undefined);
  }
}
