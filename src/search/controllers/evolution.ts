import type { Candidate } from '../../core/candidate.ts';
import type { ControllerContext, ControllerDefinition } from '../../core/controller.ts';
import type { Rng } from '../../core/rng.ts';
import { cross } from '../space/cross.ts';
import { mutate } from '../space/mutate.ts';
import type { Space } from '../space/space.ts';
import type { Evaluated } from './elite.ts';
import { HistoryController } from './history-controller.ts';

/** Results before the first child. */
const startup = 10;
const eliteSize = 20;
const crossoverRate = 0.9;
/** Proposals drawn from the whole space, so that the search cannot close in on one region. */
const randomRate = 0.1;
/** Children tried with the usual mutation rate 1/D, then with `wilder` times that rate. */
const tries = 100;
const wilder = 3;

/**
 * NSGA-II (Deb et al. 2002) without generations: every ask breeds one child from the best of all results so far, so it
 * never waits for the rest of a population. Repeats are refused, and ordered knobs mutate to their neighbours.
 */
export const evolution: ControllerDefinition<Space> = {
  name: 'evolution',
  summary: 'breeds from the best trials so far (steady-state NSGA-II)',
  create: (context) => new EvolutionController(context),
};

class EvolutionController extends HistoryController {
  readonly #mutationRate: number;

  constructor(context: ControllerContext<Space>) {
    super(context, { name: 'evolution', startup, eliteSize });
    this.#mutationRate = 1 / Math.max(1, context.space.parameters.length);
  }

  protected learned(trial: number, rng: Rng): Candidate | undefined {
    return rng.uniform() < randomRate ? this.evenly(trial) : this.#newChild(rng);
  }

  #newChild(rng: Rng): Candidate | undefined {
    const parents = this.history.elite();
    if (parents.length === 0) return undefined;
    const breed = (rate: number) => this.history.proposals.firstNew(tries, () => this.#child(parents, rate, rng));
    return breed(this.#mutationRate) ?? breed(wilder * this.#mutationRate);
  }

  /** Always differs from the crossed parents in at least one parameter: mutation changes one. */
  #child(parents: readonly Evaluated[], rate: number, rng: Rng): Candidate {
    const { space } = this.context;
    const first = tournament(parents, rng);
    const crossed = rng.uniform() < crossoverRate ? cross(space, first, tournament(parents, rng), rng) : first;
    return mutate(space, crossed, rng, { rate });
  }
}

/** Binary tournament: the better of two, who are sorted best first. */
function tournament(parents: readonly Evaluated[], rng: Rng): Candidate {
  return parents[Math.min(rng.int(parents.length), rng.int(parents.length))]!.candidate;
}
