/** An axis: maps values to 0 … 1 and names round ones. */
export interface Scale {
  readonly log: boolean;
  readonly min: number;
  readonly max: number;
  /** 0 at `min`, 1 at `max`; outside of 0 … 1 beyond them. */
  readonly position: (value: number) => number;
}

/** Spans of more than this factor are drawn logarithmically. */
const decade = 10;
/** Smaller numbers are nothing that was measured, and dividing them runs into the end of the number range. */
const smallest = 1e-100;
/** Values this close, relative to their size, are one: there is no room for ticks between neighbouring numbers. */
const sameValue = 1e-9;

/**
 * An axis over these values with a margin on both sides. Logarithmic where they are positive and span more than a decade.
 * Values that are not finite are left out; without any, 0 … 1.
 */
export function scaleOf(values: readonly number[], margin = 0.04): Scale {
  const finite = values.filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  if (finite.length === 0) return linear(0, 1);
  if (high - low <= Math.max(smallest, Math.abs(low) * sameValue, Math.abs(high) * sameValue))
    return linear(low - around(low), high + around(high));
  if (low > smallest && high / low > decade) return logarithmic(low / (high / low) ** margin, high * (high / low) ** margin);
  return linear(low - (high - low) * margin, high + (high - low) * margin);
}

/** Half the width of an axis that shows one value only. */
const around = (value: number) => Math.max(Math.abs(value) * 0.05, 1e-6);

const linear = (min: number, max: number): Scale => ({
  log: false,
  min,
  max,
  position: (value) => (value - min) / (max - min),
});

const logarithmic = (min: number, max: number): Scale => ({
  log: true,
  min,
  max,
  position: (value) => Math.log(value / min) / Math.log(max / min),
});

/** Round values inside the scale, at most `count` of them, ascending. */
export function ticks(scale: Scale, count: number): number[] {
  if (count < 1) return [];
  return scale.log ? logTicks(scale, count) : linearTicks(scale, count);
}

/** Steps of 1, 2 or 5 times a power of ten. */
function linearTicks({ min, max }: Scale, count: number): number[] {
  const rough = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10, 20, 50].map((factor) => factor * power).find((step) => within(min, max, step) <= count)!;
  const first = Math.ceil(min / step - 1e-9);
  return Array.from({ length: within(min, max, step) }, (_, i) => (first + i) * step);
}

const within = (min: number, max: number, step: number) => Math.floor(max / step + 1e-9) - Math.ceil(min / step - 1e-9) + 1;

/** Of the mantissas 1-2-5, 1-3 and 1 the densest set that fits, else every second (third …) power of ten. */
function logTicks({ min, max }: Scale, count: number): number[] {
  for (const mantissas of [[1, 2, 5], [1, 3], [1]]) {
    const found = powers(min, max).flatMap((power) => mantissas.map((mantissa) => mantissa * power));
    const inside = found.filter((value) => value >= min && value <= max);
    if (inside.length <= count) return inside;
  }
  const inside = powers(min, max).filter((value) => value >= min && value <= max);
  const every = Math.ceil(inside.length / count);
  return inside.filter((_, i) => i % every === 0);
}

function powers(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min));
  const last = Math.ceil(Math.log10(max));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}
