import { countCandidates } from '../space/count.ts';
import type { Space } from '../space/space.ts';

/** A controller's name and why it was picked, for people. */
export interface Choice {
  readonly controller: string;
  readonly reason: string;
}

/** Up to here a suggestion of the models costs little beside a trial; beyond, they learn nothing new. */
const surrogateTrials = 3000;

/**
 * Picks a controller for a space and a budget, as they did on `nas bench`: the surrogate is ahead of all others by far at
 * hundreds of trials; evolution costs next to nothing, and catches up at thousands.
 */
export function chooseController(space: Space, trials: number): Choice {
  const count = countCandidates(space);
  if (count !== 'infinite' && count <= BigInt(trials)) {
    return { controller: 'grid', reason: `the space has ${count} candidates, no more than the ${trials} trials` };
  }
  if (trials <= surrogateTrials) {
    return { controller: 'surrogate', reason: `it makes the most of ${trials} trials` };
  }
  return { controller: 'evolution', reason: `beyond ${surrogateTrials} trials it finds as much as models do, at no cost` };
}
