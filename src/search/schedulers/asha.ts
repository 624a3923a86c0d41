import type { Scheduler, SchedulerContext, SchedulerDefinition } from '../../core/scheduler.ts';
import { Bracket } from './bracket.ts';
import { MeasuredFront } from './outlook.ts';

/**
 * Asynchronous successive halving (Li et al. 2020, "A system for massively parallel hyperparameter tuning", algorithm 2):
 * whenever a job is to be decided, the best paused trial among the top 1/eta of its rung goes on, from the highest rung
 * down; where there is none, a new trial begins. What is best among several objectives and constraints: see `Bracket`.
 */
export const asha: SchedulerDefinition = {
  name: 'asha',
  summary: 'asynchronous successive halving: the best of every rung go on at once',
  create: (context) => new Asha(context),
};

class Asha implements Scheduler {
  readonly #bracket: Bracket;

  constructor({ goal, rungs, eta, logScale }: SchedulerContext) {
    this.#bracket = new Bracket({ ends: rungs, eta, goal, front: new MeasuredFront(goal), logScale });
  }

  begin() {
    return this.#bracket.ends;
  }

  tell(result: Parameters<Scheduler['tell']>[0]) {
    return this.#bracket.tell(result);
  }

  next() {
    return this.#bracket.next();
  }

  continued(trial: number) {
    this.#bracket.continued(trial);
  }
}
