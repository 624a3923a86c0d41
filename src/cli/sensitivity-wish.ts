import type { Candidate } from '../core/candidate.ts';
import type { Goal, Metrics } from '../core/objective.ts';
import { allocate, spaced } from '../search/sensitivity/knapsack.ts';
import type { Sensitivity } from '../search/sensitivity/measure.ts';
import { undisturbed } from '../search/sensitivity/probes.ts';
import type { Space } from '../search/space/space.ts';
import type { Wish } from './start.ts';

/** Candidates that a sensitivity pass proposes: a first front, not the search. */
const foreseen = 8;

/** What a pass over every single choice foresees: candidates of several sizes that give up little accuracy for them. */
export function foreseenWish(
  space: Space,
  goal: Goal,
  sensitivity: Sensitivity,
  predict: (candidate: Candidate) => Metrics | undefined,
): Wish {
  const base = undisturbed(space);
  const metric = costMetric(goal, Object.keys(predict(base) ?? {}));
  const path = allocate({ sensitivity, base, costOf: (candidate) => predict(candidate)?.[metric] });
  const bounds = goal.constraints.filter((constraint) => constraint.metric === metric && constraint.op === '<=');
  const most = Math.min(Number.POSITIVE_INFINITY, ...bounds.map(({ bound }) => bound));
  return { origin: 'sensitivity', candidates: spaced(path, foreseen, most).map(({ candidate }) => candidate) };
}

/** What is to be saved: the first metric of the goal that is known before training, else bytes. */
function costMetric({ objectives, constraints }: Goal, known: readonly string[]): string {
  const named = [...objectives, ...constraints].map(({ metric }) => metric);
  return named.find((metric) => known.includes(metric)) ?? 'size';
}
