import type { Goal, Metrics } from '../../core/objective.ts';
import type { Losses } from '../study/losses.ts';
import { fitLinear, type Linear } from './linear.ts';

/** Trials that must have gone from one rung to the next before their changes say something of the others. */
const enough = 5;
/** What is compared by its ratio must be above 0. */
const least = 1e-12;

/** A metric of the goal as a loss: smaller is better, by its logarithm where ratios count. */
interface Quantity {
  readonly metric: string;
  readonly sense: 1 | -1;
  readonly log: boolean;
}

/** Losses at the end of the training. `hoped`: a standard deviation better than expected. */
export interface Ends {
  readonly expected: Losses;
  readonly hoped: Losses;
  /** Even `hoped` misses a constraint. */
  readonly infeasible: boolean;
}

/**
 * What trials will be at their end, learned from those that went on: how far a metric changes from a rung to the next is taken
 * for a linear function of all metrics of the goal, shrunk towards the mean change (ridge regression, Hoerl and Kennard
 * 1970). What training does not change (size, operations) is foretold exactly.
 */
export class Forecast {
  readonly #goal: Goal;
  readonly #quantities: readonly Quantity[];
  readonly #measured: readonly Map<number, Losses>[];
  /** From every rung but the last to the next one: before, after. */
  readonly #pairs: readonly (readonly [Losses, Losses])[][];
  /** By rung and quantity; undefined where trials went on since it was fitted. */
  readonly #fits: (readonly Linear[] | undefined)[];

  constructor(goal: Goal, rungs: number, logScale: ReadonlySet<string> = new Set()) {
    this.#goal = goal;
    const senses = new Map<string, 1 | -1>();
    for (const { metric, op } of goal.constraints) senses.set(metric, op === '<=' ? 1 : -1);
    for (const { metric, direction } of goal.objectives) senses.set(metric, direction === 'minimize' ? 1 : -1);
    this.#quantities = [...senses].map(([metric, sense]) => ({ metric, sense, log: logScale.has(metric) }));
    this.#measured = Array.from({ length: rungs }, () => new Map());
    this.#pairs = Array.from({ length: rungs - 1 }, () => []);
    this.#fits = [];
  }

  add(trial: number, rung: number, metrics: Metrics): void {
    const after = this.#read(metrics);
    if (!after) return;
    this.#measured[rung]!.set(trial, after);
    const before = this.#measured[rung - 1]?.get(trial);
    if (!before) return;
    this.#pairs[rung - 1]!.push([before, after]);
    this.#fits[rung - 1] = undefined;
  }

  /** Whether enough is known of the rungs ahead. */
  knows(rung: number): boolean {
    return this.#pairs.slice(rung).every(({ length }) => length >= enough);
  }

  /** Undefined for a trial that lacks a metric. To be asked where `knows`. */
  of(rung: number, metrics: Metrics): Ends | undefined {
    let mean = this.#read(metrics);
    if (!mean) return undefined;
    const variances = mean.map(() => 0);
    for (let step = rung; step < this.#pairs.length; step++) {
      const before: Losses = mean;
      mean = this.#fitsOf(step).map(({ at, deviation }, k) => {
        variances[k]! += deviation ** 2;
        return before[k]! + at(before);
      });
    }
    const hoped = mean.map((loss, k) => loss - Math.sqrt(variances[k]!));
    return { expected: this.#objectives(mean), hoped: this.#objectives(hoped), infeasible: this.#misses(hoped) };
  }

  /** The objectives as losses on these scales, of those that have them all. */
  losses(all: readonly Metrics[]): Losses[] {
    return all
      .map((metrics) => this.#read(metrics))
      .filter((read) => read !== undefined)
      .map((read) => this.#objectives(read));
  }

  #read(metrics: Metrics): Losses | undefined {
    const read = this.#quantities.map((quantity) => lossOf(quantity, metrics[quantity.metric] ?? Number.NaN));
    return read.every(Number.isFinite) ? read : undefined;
  }

  #objectives(read: Losses): Losses {
    return this.#goal.objectives.map(({ metric }) => read[this.#placeOf(metric)]!);
  }

  #misses(read: Losses): boolean {
    return this.#goal.constraints.some(({ metric, op, bound }) => {
      const place = this.#placeOf(metric);
      const quantity = this.#quantities[place]!;
      const above = quantity.sense * (read[place]! - lossOf(quantity, bound));
      return op === '<=' ? above > 0 : above < 0;
    });
  }

  #placeOf(metric: string): number {
    return this.#quantities.findIndex((quantity) => quantity.metric === metric);
  }

  #fitsOf(step: number): readonly Linear[] {
    const pairs = this.#pairs[step]!;
    const inputs = pairs.map(([before]) => before);
    this.#fits[step] ??= this.#quantities.map((_, k) =>
      fitLinear(
        inputs,
        pairs.map(([before, after]) => after[k]! - before[k]!),
      ),
    );
    return this.#fits[step];
  }
}

const lossOf = ({ sense, log }: Quantity, value: number): number => sense * (log ? Math.log(Math.max(least, value)) : value);
