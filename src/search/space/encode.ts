import type { Candidate } from '../../core/candidate.ts';
import { isOrdered, toUnit } from './domain.ts';
import type { Space } from './space.ts';

/**
 * A candidate as numbers, for models over the space: an ordered parameter is its position on [0, 1], an unordered one
 * a one-hot block. The length depends on the space alone. `fromUnit` (domain.ts) is the way back for ordered ones.
 */
export function encode(space: Space, candidate: Candidate): number[] {
  return space.parameters.flatMap(({ name, domain }) => {
    const value = candidate[name]!;
    if (domain.kind === 'range' || isOrdered(domain)) return [toUnit(domain, value)];
    return domain.values.map((choice) => (choice === value ? 1 : 0));
  });
}
