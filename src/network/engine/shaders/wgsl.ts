/** Text of the shading language WGSL: numbers, and the arithmetic that finds a number of one value in another. */
import type { Shape } from '../../ir/graph.ts';

/** The most finite float32: the language has no literal for more. */
const most = 3.4028234663852886e38;

/** The float32 nearest to a number, as a literal. */
export function float(value: number): string {
  const rounded = Math.fround(Number.isNaN(value) ? 0 : Math.min(Math.max(value, -most), most));
  const text = String(rounded);
  return rounded < 0 ? `(${text}f)` : `${text}f`;
}

/** An unsigned literal; below 0 it wraps around, as sums of them do. */
export const uint = (value: number): string => `${value >>> 0}u`;

/** Row-major strides of a shape. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

interface Axis {
  readonly size: number;
  readonly stride: number;
}

/**
 * The place that number `index` of a value of `shape` is taken from: `offset` + Σ coordinate · stride. Neighbouring axes
 * that run on as one are one, so that a value taken as it is costs nothing.
 */
export function strided(index: string, shape: Shape, strides: readonly number[], offset = 0): string {
  const axes = merged(shape.map((size, axis) => ({ size, stride: strides[axis]! })).filter(({ size }) => size !== 1));
  let inner = 1;
  const terms: string[] = [];
  for (const [position, { size, stride }] of [...axes.entries()].toReversed()) {
    const shifted = inner === 1 ? index : `${index} / ${uint(inner)}`;
    const coordinate = position === 0 ? shifted : `(${shifted}) % ${uint(size)}`;
    if (stride !== 0) terms.push(stride === 1 ? `(${coordinate})` : `(${coordinate}) * ${uint(stride)}`);
    inner *= size;
  }
  if (offset !== 0) terms.push(uint(offset));
  if (terms.length === 0) return '0u';
  return terms.length === 1 && terms[0] === `(${index})` ? index : terms.join(' + ');
}

function merged(axes: readonly Axis[]): readonly Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    const before = result.at(-1);
    if (before && before.stride === axis.stride * axis.size) {
      result[result.length - 1] = { size: before.size * axis.size, stride: axis.stride };
    } else result.push(axis);
  }
  return result;
}

/** Strides that broadcast a value of shape `from` to `to`. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead]!));
}
