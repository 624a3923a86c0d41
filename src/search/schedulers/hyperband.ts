import type { RungResult, Scheduler, SchedulerContext, SchedulerDefinition, Verdict } from '../../core/scheduler.ts';
import { Bracket } from './bracket.ts';
import { MeasuredFront } from './outlook.ts';

/**
 * Hyperband (Li et al. 2018, "Hyperband: a novel bandit-based approach to hyperparameter optimization"), asynchronous: trials
 * are dealt out to brackets that begin at different rungs, so that trials which only show their worth late are not all lost.
 * Each bracket is halved as in `asha`, and gets trials in the paper's proportion: about the same training in all of each.
 */
export const hyperband: SchedulerDefinition = {
  name: 'hyperband',
  summary: 'successive halving in several brackets, from many short trainings to few full ones',
  create: (context) => new Hyperband(context),
};

class Hyperband implements Scheduler {
  readonly #brackets: readonly Bracket[];
  readonly #shares: readonly number[];
  /** Trials that a bracket is owed, by the shares. */
  readonly #credits: number[];
  readonly #bracketOf: Bracket[] = [];

  constructor({ goal, rungs, eta, logScale }: SchedulerContext) {
    const front = new MeasuredFront(goal);
    this.#brackets = rungs.map((_, first) => new Bracket({ ends: rungs.slice(first), eta, goal, front, logScale }));
    this.#shares = rungs.map((_, first) => {
      const halvings = rungs.length - 1 - first;
      return Math.ceil((rungs.length / (halvings + 1)) * eta ** halvings);
    });
    this.#credits = rungs.map(() => 0);
  }

  begin(trial: number): readonly number[] {
    const bracket = this.#brackets[this.#deal()]!;
    this.#bracketOf[trial] = bracket;
    return bracket.ends;
  }

  tell(result: RungResult): Verdict {
    return this.#bracketOf[result.trial]!.tell(result);
  }

  next(): number | undefined {
    for (const bracket of this.#brackets) {
      const trial = bracket.next();
      if (trial !== undefined) return trial;
    }
    return undefined;
  }

  continued(trial: number): void {
    this.#bracketOf[trial]!.continued(trial);
  }

  /** Smooth weighted round robin: every bracket is served in its proportion, and evenly in time. */
  #deal(): number {
    const total = this.#shares.reduce((sum, share) => sum + share, 0);
    for (const [i, share] of this.#shares.entries()) this.#credits[i]! += share;
    const chosen = this.#credits.indexOf(Math.max(...this.#credits));
    this.#credits[chosen]! -= total;
    return chosen;
  }
}
