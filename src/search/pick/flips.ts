import type { Member, PickContext, PickRule } from './rule.ts';

/** With `metric` at `value` instead of its own, a member would be picked. */
export interface Flip {
  readonly metric: string;
  readonly value: number;
}

const halvings = 50;

/**
 * What would turn a choice: for every objective, the smallest improvement of it that makes `challenger` the first of the
 * rule's ranking, everything else as it is. Objectives in which not even twice the front's best would do are left out.
 */
export function flipsOf<T extends Member>(
  rule: PickRule,
  members: readonly T[],
  challenger: T,
  context: PickContext,
): readonly Flip[] {
  return context.goal.objectives.flatMap(({ metric, direction }) => {
    const own = challenger.metrics[metric];
    if (own === undefined) return [];
    const wins = (value: number) => firstWith(rule, members, challenger, { metric, value }, context) === challenger.number;
    const values = members.flatMap((member) => member.metrics[metric] ?? []);
    const limit = direction === 'minimize' ? Math.min(...values) / 2 : Math.max(...values) * 2;
    const value = wins(limit) ? bisect(own, limit, wins) : undefined;
    return value === undefined ? [] : [{ metric, value }];
  });
}

/** The number of the member that the rule picks when one metric of the challenger is changed. */
function firstWith<T extends Member>(
  rule: PickRule,
  members: readonly T[],
  challenger: T,
  { metric, value }: Flip,
  context: PickContext,
): number | undefined {
  const changed: Member = { number: challenger.number, metrics: { ...challenger.metrics, [metric]: value } };
  const others: readonly Member[] = members.map((member) => (member === challenger ? changed : member));
  return rule.rank(others, context)[0]?.number;
}

/** The value nearest to `loses` at which `wins` holds, where it holds from some value on. */
function bisect(loses: number, winning: number, wins: (value: number) => boolean): number {
  let [low, high] = [loses, winning];
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (wins(middle)) high = middle;
    else low = middle;
  }
  return high;
}
