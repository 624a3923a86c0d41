import type { Candidate, Value } from '../../core/candidate.ts';
import { levelAt, levelCount } from './domain.ts';
import type { Space } from './space.ts';

/** How many candidates a space has. Several may mean the same network (see planOf). */
export function countCandidates(space: Space): bigint | 'infinite' {
  let count = 1n;
  for (const { domain } of space.parameters) {
    const levels = levelCount(domain);
    if (levels === 'infinite') return 'infinite';
    count *= BigInt(levels);
  }
  return count;
}

/** Candidate number `index` of a space without continuous ranges, in the order of `enumerate`. */
export function candidateAt(space: Space, index: number): Candidate {
  const candidate: Record<string, Value> = {};
  let rest = index;
  for (const { name, domain } of space.parameters.toReversed()) {
    const count = levelCount(domain) as number;
    candidate[name] = levelAt(domain, rest % count);
    rest = Math.floor(rest / count);
  }
  return candidate;
}

/** All candidates of a space without continuous ranges, one by one; the last parameter varies fastest. */
export function* enumerate(space: Space): Generator<Candidate> {
  const counts = space.parameters.map(({ domain }) => levelCount(domain));
  if (counts.includes('infinite')) throw new RangeError('a space with a continuous range cannot be enumerated');
  const indices = counts.map(() => 0);
  while (true) {
    const candidate: Record<string, Value> = {};
    space.parameters.forEach(({ name, domain }, i) => {
      candidate[name] = levelAt(domain, indices[i]!);
    });
    yield candidate;
    if (!advance(indices, counts as number[])) return;
  }
}

/** The odometer: the next combination of indices, false after the last one. */
function advance(indices: number[], counts: readonly number[]): boolean {
  for (let i = indices.length - 1; i >= 0; i--) {
    if (++indices[i]! < counts[i]!) return true;
    indices[i] = 0;
  }
  return false;
}
