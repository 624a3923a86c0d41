import { counted } from '../../core/words.ts';
import { countCandidates } from '../space/count.ts';
import type { Space } from '../space/space.ts';

/** A controller's name and why it was picked, for people. */
export interface Choice {
  readonly controller: string;
  readonly reason: string;
}

/** Up to here the models' time is little beside a trial's. A judgement, not a measurement. */
const surrogateTrials = 3000;

/**
 * Picks a controller for a space and a budget, as they did on `nas bench` at hundreds of trials, where the surrogate is
 * ahead of all others. Beyond, evolution, whose suggestions cost next to nothing.
 */
export function chooseController(space: Space, trials: number): Choice {
  const count = countCandidates(space);
  if (count !== 'infinite' && count <= BigInt(trials)) {
    return { controller: 'grid', reason: `the space has ${count} candidates, no more than the ${trials} trials` };
  }
  if (trials <= surrogateTrials) {
    return { controller: 'surrogate', reason: `it makes the most of ${counted(trials, 'trial')}` };
  }
  return { controller: 'evolution', reason: `for more than ${surrogateTrials} trials its suggestions cost little` };
}
