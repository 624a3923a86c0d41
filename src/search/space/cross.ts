import type { Candidate, Value } from '../../core/candidate.ts';
import type { Rng } from '../../core/rng.ts';
import type { Space } from './space.ts';

export interface CrossOptions {
  /** Chance per parameter to take it from the second parent; 0.5 by default. */
  readonly swap?: number;
}

/** Uniform crossover (Syswerda 1989): every parameter comes from one of the two parents. */
export function cross(space: Space, a: Candidate, b: Candidate, rng: Rng, { swap = 0.5 }: CrossOptions = {}): Candidate {
  const child: Record<string, Value> = {};
  for (const { name } of space.parameters) child[name] = (rng.uniform() < swap ? b : a)[name]!;
  return child;
}
