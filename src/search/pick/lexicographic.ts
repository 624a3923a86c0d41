import { losses, type Objective } from '../../core/objective.ts';
import type { Member, PickRule } from './rule.ts';
import { byLoss } from './support.ts';

/** Members count as equal in an objective while they are within this share of its best value. */
const tolerance = 0.01;

/**
 * The objectives in the order in which the space lists them: those within 1 % of the best in the first one go on to the
 * second, and so on (lexicographic goal programming with tolerances; Marler and Arora 2004, section 3.3).
 */
export const lexicographic: PickRule = {
  name: 'lexicographic',
  summary: "objectives in the space's order, within 1 % is equal",
  rank: (members, { goal }) => inOrder(members, goal.objectives),
};

/** Those that stay equal in the first objective come first, ordered by the objectives after it. */
function inOrder<T extends Member>(members: readonly T[], objectives: readonly Objective[]): readonly T[] {
  const [first, ...rest] = objectives;
  if (!first || members.length === 0) return byLoss(members, () => 0);
  const lossOf = ({ metrics }: Member) => losses(metrics, [first])[0]!;
  if (rest.length === 0) return byLoss(members, lossOf);
  const best = Math.min(...members.map(lossOf));
  const limit = best + Math.abs(best) * tolerance;
  const others = members.filter((member) => !(lossOf(member) <= limit));
  const equal = members.filter((member) => lossOf(member) <= limit);
  return [...inOrder(equal, rest), ...byLoss(others, lossOf)];
}
