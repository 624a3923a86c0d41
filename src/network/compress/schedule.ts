import type { Moment } from './technique.ts';

/** Share of the training after which nothing more goes, and how often weights are chosen until then. */
const rampShare = 2 / 3;
const choices = 50;

/**
 * Gradual pruning (Zhu & Gupta 2017, To Prune, or Not to Prune): of what shall be pruned in the end, the share that is
 * pruned after a step, 1 − (1 − t)³, quick at first, slower the less is left. undefined at steps that choose nothing new.
 */
export function cubicShare({ step, steps }: Moment): number | undefined {
  const end = Math.max(1, Math.ceil(rampShare * steps));
  const every = Math.max(1, Math.floor(end / choices));
  if (step > end || (step % every !== 0 && step !== end)) return undefined;
  return 1 - (1 - step / end) ** 3;
}
