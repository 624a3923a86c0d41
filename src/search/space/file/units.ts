import type { MetricInfo } from '../../../core/catalog.ts';

/** Factors from a written unit to the metric's own unit: bytes, milliseconds, fractions, plain counts and ratios. */
const factors: Readonly<Record<MetricInfo['unit'], Readonly<Record<string, number>>>> = {
  bytes: { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  ms: { us: 1e-3, µs: 1e-3, ms: 1, s: 1e3 },
  fraction: { '%': 0.01 },
  count: { k: 1e3, M: 1e6, G: 1e9 },
  ratio: { '%': 0.01, x: 1 },
};

const seconds: Readonly<Record<string, number>> = { s: 1, min: 60, m: 60, h: 3600 };

/** The units that a metric's bounds can be written in; none at all is its own unit. */
export const unitsOf = (metric: MetricInfo): readonly string[] => Object.keys(factors[metric.unit]);

/** A bound in the metric's own unit; undefined where the unit is none of its units. */
export function toOwnUnit(value: number, unit: string, metric: MetricInfo): number | undefined {
  if (unit === '') return value;
  const factor = Object.hasOwn(factors[metric.unit], unit) ? factors[metric.unit][unit]! : undefined;
  // 12 digits: 85 % is 0.85, not 0.8500000000000001.
  return factor === undefined ? undefined : Number((value * factor).toPrecision(12));
}

/** Seconds of a time such as `90 s`, `15 min`, `15m`, `2 h`; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) *(s|min|m|h)$/.exec(text.trim());
  const value = match ? Number(match[1]) * seconds[match[2]!]! : 0;
  return value > 0 ? value : undefined;
}
