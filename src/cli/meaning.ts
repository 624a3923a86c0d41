import type { Candidate, Plan } from '../core/candidate.ts';
import { planOf } from '../search/space/plan.ts';
import type { Space } from '../search/space/space.ts';

/** The plan that leaves the network as it is. */
export const identityPlan: Plan = { recipe: {}, techniques: {} };

/** The candidate of trial 0: no choice at all, the dense network, whatever the space offers. */
export const baselineCandidate: Candidate = {};

/** What the candidates of a space mean for the network. */
export function meaningOf(space: Space): { readonly plan: (candidate: Candidate) => Plan } {
  return {
    plan: (candidate) => (Object.keys(candidate).length === 0 ? identityPlan : planOf(space, candidate)),
  };
}
