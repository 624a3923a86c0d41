import type { Candidate, Value } from '../../core/candidate.ts';
import type { Rng } from '../../core/rng.ts';
import { fromUnit, isOrdered, levelAt, levelCount, levelIndex, quantile, toUnit } from './domain.ts';
import type { Domain, Space } from './space.ts';

export interface MutateOptions {
  /** Chance per parameter to change; 1/D by default, D parameters that can change. */
  readonly rate?: number;
}

/** Standard deviation of a small move on a range without steps, as a part of the range. */
const smallMove = 0.1;

/**
 * A changed copy. At least one parameter changes, unless no parameter has a second value: then the copy is equal.
 * Ordered parameters move by one level half of the time and jump anywhere else the other half; unordered ones take
 * another of their values. (ALGORITHMS: ordinal moves beat unordered resampling.)
 */
export function mutate(space: Space, candidate: Candidate, rng: Rng, options: MutateOptions = {}): Candidate {
  const genes = space.parameters.filter(({ domain }) => levelCount(domain) !== 1);
  const child: Record<string, Value> = { ...candidate };
  if (genes.length === 0) return child;
  const rate = options.rate ?? 1 / genes.length;
  const chosen = genes.filter(() => rng.uniform() < rate);
  if (chosen.length === 0) chosen.push(rng.pick(genes));
  for (const { name, domain } of chosen) child[name] = move(domain, candidate[name]!, rng);
  return child;
}

/** Another value of the domain. */
function move(domain: Domain, value: Value, rng: Rng): Value {
  const small = isOrdered(domain) && rng.uniform() < 0.5;
  if (levelCount(domain) === 'infinite' || (domain.kind === 'range' && domain.log)) return moveAlong(domain, value, small, rng);
  const count = levelCount(domain) as number;
  const index = levelIndex(domain, value);
  if (!small) return levelAt(domain, (index + 1 + rng.int(count - 1)) % count);
  const step = rng.uniform() < 0.5 ? -1 : 1;
  const target = index + step;
  return levelAt(domain, target < 0 || target >= count ? index - step : target);
}

/** A move on a range by its unit position; repeated while rounding or clamping gives the old value. */
function moveAlong(domain: Domain, value: Value, small: boolean, rng: Rng): Value {
  for (let spread = smallMove; spread < 1e3; spread *= 1.5) {
    const moved = small ? fromUnit(domain, toUnit(domain, value) + spread * rng.normal()) : quantile(domain, rng.uniform());
    if (moved !== value) return moved;
  }
  return fromUnit(domain, toUnit(domain, value) < 0.5 ? 1 : 0);
}
