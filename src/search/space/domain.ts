import type { Value } from '../../core/candidate.ts';
import type { Domain } from './space.ts';

type Range = Extract<Domain, { kind: 'range' }>;

/** Distance of two neighbouring levels, undefined for a continuous range. */
const stepOf = (range: Range): number | undefined => range.step ?? (range.integer ? 1 : undefined);

/** How many values a domain has. */
export function levelCount(domain: Domain): number | 'infinite' {
  if (domain.kind === 'choice') return domain.values.length;
  const step = stepOf(domain);
  if (step === undefined) return domain.min === domain.max ? 1 : 'infinite';
  return Math.floor((domain.max - domain.min) / step + 1e-9) + 1;
}

/** Value number `index` of a domain that has levels, in order. */
export function levelAt(domain: Domain, index: number): Value {
  if (domain.kind === 'choice') return domain.values[index]!;
  const value = domain.min + index * (stepOf(domain) ?? 0);
  // 12 digits: 0.1 + 2 * 0.1 must be 0.3, the number that a person writes.
  return index === 0 ? domain.min : Math.min(domain.max, Number(value.toPrecision(12)));
}

/** All values of a domain in order; undefined for a continuous range. */
export function levels(domain: Domain): readonly Value[] | undefined {
  const count = levelCount(domain);
  return count === 'infinite' ? undefined : Array.from({ length: count }, (_, i) => levelAt(domain, i));
}

/** The index of a value among the levels, -1 where it is none of them. */
export function levelIndex(domain: Domain, value: Value): number {
  if (domain.kind === 'choice') return domain.values.indexOf(value);
  if (typeof value !== 'number') return -1;
  const step = stepOf(domain);
  const index = step === undefined ? 0 : Math.round((value - domain.min) / step);
  const count = levelCount(domain);
  const inside = count !== 'infinite' && index >= 0 && index < count;
  return inside && levelAt(domain, index) === value ? index : -1;
}

export function contains(domain: Domain, value: Value): boolean {
  if (levelCount(domain) !== 'infinite') return levelIndex(domain, value) >= 0;
  const { min, max } = domain as Range;
  return typeof value === 'number' && value >= min && value <= max;
}

export const isOrdered = (domain: Domain): boolean => domain.kind === 'range' || domain.ordered;

/** Position of a value of an ordered domain on [0, 1], by index for choices, by (log) size for ranges. */
export function toUnit(domain: Domain, value: Value): number {
  if (domain.kind === 'choice') return domain.values.length < 2 ? 0 : domain.values.indexOf(value) / (domain.values.length - 1);
  if (domain.min === domain.max) return 0;
  const scale = domain.log ? Math.log : (x: number) => x;
  return (scale(Number(value)) - scale(domain.min)) / (scale(domain.max) - scale(domain.min));
}

/** The value of an ordered domain nearest to a position on [0, 1]: the inverse of `toUnit`. Positions outside are clamped. */
export function fromUnit(domain: Domain, unit: number): Value {
  const u = Math.min(1, Math.max(0, unit));
  if (domain.kind === 'choice') return domain.values[Math.round(u * (domain.values.length - 1))]!;
  const { min, max, log } = domain;
  const value = log ? Math.exp(Math.log(min) + u * (Math.log(max) - Math.log(min))) : min + u * (max - min);
  return snap(domain, value);
}

/** The value of a range nearest to a number. */
export function snap(range: Range, value: number): number {
  const step = stepOf(range);
  if (step === undefined) return Math.min(range.max, Math.max(range.min, value));
  const last = (levelCount(range) as number) - 1;
  return levelAt(range, Math.min(last, Math.max(0, Math.round((value - range.min) / step)))) as number;
}

/** The value at a quantile in [0, 1): even over the levels, over the interval, or over its orders of magnitude for `log`. */
export function quantile(domain: Domain, u: number): Value {
  const count = levelCount(domain);
  const spread = domain.kind === 'range' && domain.log;
  return count === 'infinite' || spread ? fromUnit(domain, u) : levelAt(domain, Math.floor(u * count));
}
