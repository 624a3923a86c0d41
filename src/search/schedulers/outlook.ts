import { type Goal, losses, type Metrics, violation } from '../../core/objective.ts';
import { dominates } from '../study/losses.ts';
import { ParetoArchive } from '../study/pareto.ts';

/** Trials that must have gone from one rung to the next before their gains say something of the others. */
const enough = 5;
/** Gains that are held possible, as a multiple of the largest one seen. */
const optimism = 1.5;

/** The feasible front of all that was measured, at whatever rung: each point is a file that could be shipped. */
export class MeasuredFront {
  readonly #goal: Goal;
  readonly #archive = new ParetoArchive<Metrics>();

  constructor(goal: Goal) {
    this.#goal = goal;
  }

  add(metrics: Metrics): void {
    const { objectives, constraints } = this.#goal;
    const point = { losses: losses(metrics, objectives), violation: violation(metrics, constraints), value: metrics };
    this.#archive.insert(point);
  }

  members(): readonly Metrics[] {
    return this.#archive.front().map(({ value }) => value);
  }

  dominates(metrics: Metrics): boolean {
    const point = losses(metrics, this.#goal.objectives);
    return this.#archive.front().some((member) => dominates(member.losses, point));
  }
}

/** How far each metric rose and fell at most from a rung to the next. */
interface Gains {
  readonly up: Map<string, number>;
  readonly down: Map<string, number>;
  count: number;
}

/**
 * Learning curves, extrapolated as far as caution allows: a trial can gain at most half as much again, from rung to rung, as
 * the trials that went on before it ever did. Even so dominated by a measured file, or outside of the constraints, it is
 * hopeless. (Jamieson and Talwalkar 2016, "Non-stochastic best arm identification": curves stay within an envelope around
 * their limits; here the envelope is the widest one seen. No curve is fitted: two or three noisy points bear none.)
 */
export class Outlook {
  readonly #goal: Goal;
  /** From every rung but the last to the next one. */
  readonly #gains: readonly Gains[];
  readonly #measured: readonly Map<number, Metrics>[];

  constructor(goal: Goal, rungs: number) {
    this.#goal = goal;
    this.#measured = Array.from({ length: rungs }, () => new Map());
    this.#gains = Array.from({ length: rungs - 1 }, () => ({ up: new Map(), down: new Map(), count: 0 }));
  }

  add(trial: number, rung: number, metrics: Metrics): void {
    this.#measured[rung]!.set(trial, metrics);
    const before = this.#measured[rung - 1]?.get(trial);
    const gains = this.#gains[rung - 1];
    if (!before || !gains) return;
    gains.count++;
    for (const [name, value] of Object.entries(metrics)) {
      const change = value - (before[name] ?? Number.NaN);
      if (change > (gains.up.get(name) ?? 0)) gains.up.set(name, change);
      if (-change > (gains.down.get(name) ?? 0)) gains.down.set(name, -change);
    }
  }

  /** Undefined while there is hope, or too little to say. */
  whyHopeless(rung: number, metrics: Metrics, front: MeasuredFront): string | undefined {
    const ahead = this.#gains.slice(rung);
    if (ahead.some(({ count }) => count < enough)) return undefined;
    const { objectives, constraints } = this.#goal;
    const best = (names: readonly { readonly metric: string; readonly rises: boolean }[]): Metrics =>
      Object.fromEntries(
        names.flatMap(({ metric, rises }) => {
          const value = metrics[metric];
          const possible = ahead.reduce((sum, { up, down }) => sum + ((rises ? up : down).get(metric) ?? 0), 0) * optimism;
          return value === undefined ? [] : [[metric, rises ? value + possible : value - possible]];
        }),
      );
    const kept = best(constraints.map(({ metric, op }) => ({ metric, rises: op === '>=' })));
    if (violation(kept, constraints) > 0) return 'with the largest gains seen it would still miss the constraints';
    const reached = best(objectives.map(({ metric, direction }) => ({ metric, rises: direction === 'maximize' })));
    return front.dominates(reached) ? 'with the largest gains seen it would still be dominated' : undefined;
  }
}
