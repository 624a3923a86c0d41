import type { Goal, Metrics } from '../core/objective.ts';

/** How much accuracy (fraction) the default choice gives up against the dense baseline. */
export const accuracyMargin = 0.01;

interface Candidate {
  readonly number: number;
  readonly metrics: Metrics;
}

/**
 * The member of a front that `nas export` ships when none is named. All members keep the constraints. Where accuracy is
 * an objective: among those within one point of the baseline's accuracy (or of the best there is, if none reaches that)
 * the best in the first other objective. Otherwise the best in the first objective.
 */
export function choose<T extends Candidate>(front: readonly T[], goal: Goal, baseline: Metrics | undefined): T | undefined {
  const others = goal.objectives.filter(({ metric }) => metric !== 'accuracy');
  const [first] = others;
  const hasAccuracy = others.length < goal.objectives.length;
  const pool = hasAccuracy ? withinMargin(front, baseline) : front;
  const { metric, direction } = first ?? goal.objectives[0]!;
  const sign = direction === 'minimize' ? 1 : -1;
  const loss = (member: T) => sign * (member.metrics[metric] ?? Number.POSITIVE_INFINITY * sign);
  return [...pool].sort((a, b) => loss(a) - loss(b) || a.number - b.number)[0];
}

function withinMargin<T extends Candidate>(front: readonly T[], baseline: Metrics | undefined): readonly T[] {
  const accuracy = (member: T) => member.metrics['accuracy'] ?? 0;
  const best = Math.max(...front.map(accuracy));
  const floor = Math.min(best, baseline?.['accuracy'] ?? best) - accuracyMargin;
  return front.filter((member) => accuracy(member) >= floor);
}
