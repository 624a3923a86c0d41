import type { PickRule } from './rule.ts';
import { byLoss, normalizedLosses } from './support.ts';

/**
 * The point that bulges most towards the ideal: farthest below the plane through the ends of the front, in objectives
 * scaled to the front's range (Das 1999, On characterizing the "knee" of the Pareto curve). All normals of that plane are
 * equal, so the distance falls with the sum of the scaled losses.
 */
export const knee: PickRule = {
  name: 'knee',
  summary: 'the knee: beyond it, a little of one costs much of another',
  rank(members, context) {
    const sums = new Map(
      normalizedLosses(members, context).map((point, i) => [members[i]!, point.reduce((sum, loss) => sum + loss, 0)] as const),
    );
    return byLoss(members, (member) => sums.get(member)!);
  },
};
