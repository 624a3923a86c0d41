import type { Candidate, Value } from '../../core/candidate.ts';
import type { Rng } from '../../core/rng.ts';
import { quantile } from './domain.ts';
import type { Space } from './space.ts';

/** A candidate drawn evenly: every parameter on its own. One walk over the parameters, in their order. */
export function sample(space: Space, rng: Rng): Candidate {
  const candidate: Record<string, Value> = {};
  for (const { name, domain } of space.parameters) candidate[name] = quantile(domain, rng.uniform());
  return candidate;
}
