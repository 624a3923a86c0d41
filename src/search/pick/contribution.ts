import { hypervolume } from '../study/hypervolume.ts';
import type { PickRule } from './rule.ts';
import { byLoss, normalizedLosses } from './support.ts';

/** Beyond the worst of the front in every objective, so that its ends contribute too. */
const reference = 1.1;

/**
 * The member whose absence would cost the front most: what it alone dominates of the hypervolume, in objectives scaled to
 * the front's range (exclusive contribution; Beume et al. 2007, SMS-EMOA).
 */
export const contribution: PickRule = {
  name: 'contribution',
  summary: 'what the front would miss most (hypervolume)',
  rank(members, context) {
    const points = normalizedLosses(members, context);
    const bound = context.goal.objectives.map(() => reference);
    const all = hypervolume(points, bound);
    const gains = new Map(members.map((member, i) => [member, all - hypervolume(points.toSpliced(i, 1), bound)] as const));
    return byLoss(members, (member) => -gains.get(member)!);
  },
};
