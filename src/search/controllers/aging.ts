import type { Candidate } from '../../core/candidate.ts';
import type { ControllerContext, ControllerDefinition } from '../../core/controller.ts';
import type { Rng } from '../../core/rng.ts';
import { cross } from '../space/cross.ts';
import { mutate } from '../space/mutate.ts';
import type { Space } from '../space/space.ts';
import { nonDominatedRanks } from '../study/pareto.ts';
import type { Observed } from './history.ts';
import { HistoryController } from './history-controller.ts';

/** Results before the first child, the population, and how many of it compete to be a parent. */
const startup = 10;
const population = 64;
const competitors = 48;
/** Real et al. have no crossover: several objectives need it to fill the front between two parents. */
const crossoverRate = 0.5;
/** Proposals from the whole space. */
const randomRate = 0.1;
const tries = 100;
const wilder = 3;

/**
 * Aging evolution (Real et al. 2019, "Regularized evolution for image classifier architecture search"): the population
 * is the latest results, whatever their worth, so that a lucky one does not live forever. Of some drawn from it the best
 * by feasibility and domination rank among them has a child, changed in one place or a few.
 */
export const aging: ControllerDefinition<Space> = {
  name: 'aging',
  summary: 'breeds from the best of the latest trials; old ones die (regularized evolution)',
  create: (context) => new AgingController(context),
};

class AgingController extends HistoryController {
  constructor(context: ControllerContext<Space>) {
    super(context, { name: 'aging', startup });
  }

  protected learned(trial: number, rng: Rng): Candidate | undefined {
    return rng.uniform() < randomRate ? this.evenly(trial) : this.#newChild(rng);
  }

  #newChild(rng: Rng): Candidate | undefined {
    const { space } = this.context;
    const living = this.history.results.slice(-population);
    const usual = 1 / Math.max(1, space.parameters.length);
    const breed = (rate: number) => () => {
      const parent = fittest(living, rng);
      const crossed = rng.uniform() < crossoverRate ? cross(space, parent, fittest(living, rng), rng) : parent;
      return mutate(space, crossed, rng, { rate });
    };
    const { proposals } = this.history;
    return proposals.firstNew(tries, breed(usual)) ?? proposals.firstNew(tries, breed(wilder * usual));
  }
}

function fittest(living: readonly Observed[], rng: Rng): Candidate {
  const drawn = Array.from({ length: competitors }, () => rng.pick(living));
  const least = Math.min(...drawn.map(({ violation }) => violation));
  const eligible = drawn.filter(({ violation }) => violation === least);
  const ranks = nonDominatedRanks(eligible.map(({ losses }) => losses));
  // Not the loneliest: of a dozen that is mostly an end of the front, and the middle would die out.
  return rng.pick(eligible.filter((_, i) => ranks[i] === 0)).candidate;
}
