import { losses } from '../../core/objective.ts';
import type { Member, PickRule } from './rule.ts';
import { byLoss } from './support.ts';

/** How much accuracy (fraction) the default choice gives up against the dense baseline. */
const accuracyMargin = 0.01;

/**
 * The default. Where accuracy is an objective: among those within one point of the baseline's accuracy (or of the best
 * there is, if none reaches that) the best in the first other objective. Otherwise the best in the first objective.
 */
export const margin: PickRule = {
  name: 'margin',
  summary: "the smallest within one point of the baseline's accuracy",
  exception({ metrics }, { goal, baseline }) {
    const isAsked = goal.objectives.some(({ metric }) => metric === 'accuracy');
    const isBelow = (metrics['accuracy'] ?? 0) < (baseline?.['accuracy'] ?? 0) - accuracyMargin;
    return isAsked && isBelow ? ' None is: this one is within a point of the most accurate.' : undefined;
  },
  rank(members, { goal, baseline }) {
    const others = goal.objectives.filter(({ metric }) => metric !== 'accuracy');
    const pool = others.length < goal.objectives.length ? withinMargin(members, baseline?.['accuracy']) : members;
    const deciding = others[0] ?? goal.objectives[0]!;
    return byLoss(pool, ({ metrics }) => losses(metrics, [deciding])[0] ?? Number.POSITIVE_INFINITY);
  },
};

function withinMargin<T extends Member>(members: readonly T[], baseline: number | undefined): readonly T[] {
  const accuracy = (member: T) => member.metrics['accuracy'] ?? 0;
  const best = Math.max(...members.map(accuracy));
  const floor = Math.min(best, baseline ?? best) - accuracyMargin;
  return members.filter((member) => accuracy(member) >= floor);
}
