import type { Candidate } from '../../core/candidate.ts';
import type { ControllerContext, ControllerDefinition } from '../../core/controller.ts';
import { haltonSequence } from '../space/halton.ts';
import type { Space } from '../space/space.ts';
import { WalkingController } from './walking-controller.ts';

/** The reference that every other controller is measured against. */
export const random: ControllerDefinition<Space> = {
  name: 'random',
  summary: 'covers the space evenly (scrambled Halton sequence), without repeats',
  create: (context) => new RandomController(context),
};

class RandomController extends WalkingController {
  readonly #even: (index: number) => Candidate;

  constructor(context: ControllerContext<Space>) {
    super('random', context);
    this.#even = haltonSequence(context.space, context.seed);
  }

  protected planned(trial: number): Candidate | undefined {
    return this.proposals.firstNew(1, () => this.#even(trial));
  }
}
