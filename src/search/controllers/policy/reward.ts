import type { Goal, Metrics } from '../../../core/objective.ts';

/** A policy's wish: how much every objective weighs. */
export type Preference = readonly number[];

/** What a trial that failed earns; a good one about 0, a bad one -1. */
const failure = -1.5;
/** Part of the reward that all objectives have evenly, so that none is forgotten. */
const evenPart = 0.05;
const strictness = 2;

/**
 * Preferences that spread over the front: of two objectives five steps from one end to the other; of more, one that leans to
 * each objective and one that leans to none. `foreseen`: objectives that are known before a trial and bounded by a
 * constraint; one preference more is for all the others alone, as AMC (He et al. 2018) rewards accuracy within a budget.
 */
export function preferencesFor(goal: Goal, foreseen: ReadonlySet<string>): Preference[] {
  const count = goal.objectives.length;
  const even = goal.objectives.map(() => 1 / count);
  const leaning = goal.objectives.map((_, i) => even.map((_, j) => (i === j ? 0.7 : 0.3 / (count - 1))));
  const pair = [0.1, 0.3, 0.5, 0.7, 0.9].map((weight) => [weight, 1 - weight]);
  const spread = count === 1 ? [[1]] : count === 2 ? pair : [...leaning, even];
  const budget = goal.objectives.map(({ metric }) => (foreseen.has(metric) ? 0 : 1));
  const left = budget.filter((weight) => weight > 0).length;
  if (left === 0 || left === count) return spread;
  return [...spread, budget.map((weight) => weight / left)];
}

/**
 * Rewards of a result: the augmented Chebyshev distance to the best of every objective so far, on a scale from the best
 * (0) to the worst (1) of them, negative, less what constraints are missed by.
 */
export class Rewards {
  readonly #preferences: readonly Preference[];
  readonly #low: number[];
  readonly #high: number[];

  constructor(preferences: readonly Preference[]) {
    this.#preferences = preferences;
    this.#low = preferences[0]!.map(() => Number.POSITIVE_INFINITY);
    this.#high = preferences[0]!.map(() => Number.NEGATIVE_INFINITY);
  }

  /** One per preference. Undefined losses: a trial that failed. */
  of(losses: readonly number[] | undefined, violation: number): number[] {
    if (!losses) return this.#preferences.map(() => failure);
    for (const [i, loss] of losses.entries()) {
      this.#low[i] = Math.min(this.#low[i]!, loss);
      this.#high[i] = Math.max(this.#high[i]!, loss);
    }
    const scaled = losses.map((loss, i) => (loss - this.#low[i]!) / Math.max(this.#high[i]! - this.#low[i]!, 1e-12));
    const mean = scaled.reduce((sum, value) => sum + value, 0) / scaled.length;
    return this.#preferences.map((weights) => {
      const most = Math.max(...scaled.map((value, i) => value * weights[i]!));
      return -(1 - evenPart) * most - evenPart * mean - strictness * Math.min(0.5, violation);
    });
  }

  save(): number[][] {
    return [this.#low, this.#high].map((list) => list.filter(Number.isFinite));
  }

  restore([low, high]: readonly (readonly number[])[]): void {
    this.#low.splice(0, low!.length, ...low!);
    this.#high.splice(0, high!.length, ...high!);
  }
}

/** The losses of metrics, by logarithm where ratios count and the value allows it. Undefined where one is missing. */
export function rewardLosses(
  metrics: Metrics | undefined,
  { objectives }: Goal,
  logScale: ReadonlySet<string>,
): number[] | undefined {
  if (!metrics) return undefined;
  const losses = objectives.map(({ metric, direction }) => {
    const value = metrics[metric] ?? Number.NaN;
    const scaled = logScale.has(metric) ? Math.log(Math.max(value, 1e-12)) : value;
    return direction === 'minimize' ? scaled : -scaled;
  });
  return losses.every(Number.isFinite) ? losses : undefined;
}
