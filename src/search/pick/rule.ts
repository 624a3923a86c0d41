import type { Goal, Metrics } from '../../core/objective.ts';

/** What a rule chooses from: a member of the Pareto front. */
export interface Member {
  readonly number: number;
  readonly metrics: Metrics;
}

export interface PickContext {
  readonly goal: Goal;
  /** Of the dense network; absent where trial 0 failed. */
  readonly baseline?: Metrics;
  /** Images that accuracy was measured on. Needed by rules that speak of its standard error. */
  readonly images?: number;
  /** Metrics that are compared by their ratios: bytes, counts, times. */
  readonly logScale: ReadonlySet<string>;
}

/** A way to choose one member of a front. */
export interface PickRule {
  readonly name: string;
  readonly summary: string;
  /** A sentence where the choice is not quite what the summary says, with a space before it. */
  exception?(picked: Member, context: PickContext): string | undefined;
  /**
   * The members that the rule allows, best first; of equal ones the one with the smaller number.
   *
   * @throws NasError PICK_METRIC where the front lacks a metric that the rule needs.
   */
  rank<T extends Member>(members: readonly T[], context: PickContext): readonly T[];
}
