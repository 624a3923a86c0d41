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

/**
 * An unsigned number that differs from candidate to candidate, such as one with a count of channels in it. The writer makes an
 * argument of it, so that programs that differ in nothing else are compiled once.
 */
export const argument = (value: number): string => `#${value >>> 0}#`;

/** Finds what `argument` wrote. */
export const argumentPattern = /#(\d+)#/g;

/** Row-major strides of a shape. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

export interface Axis {
  readonly size: number;
  readonly stride: number;
  /** Of equal size in all candidates, so that a division by it is one by a constant, which is quicker. */
  readonly fixed: boolean;
}

/** The axes of images, and of windows: what is compressed are the others. */
const isFixed = (shape: Shape, axis: number): boolean => shape.length >= 4 && axis >= shape.length - 2;

export const axesOf = (shape: Shape, strides: readonly number[]): Axis[] =>
  shape.map((size, axis) => ({ size, stride: strides[axis]!, fixed: isFixed(shape, axis) }));

/** The place that number `index` of a value of `shape` is taken from: `offset` + Σ coordinate · stride. */
export const strided = (index: string, shape: Shape, strides: readonly number[], offset = 0): string =>
  placeAlong(index, axesOf(shape, strides), offset);

/** The same of some axes. Neighbouring axes that run on as one are one, so that a value taken as it is costs nothing. */
export function placeAlong(index: string, all: readonly Axis[], offset = 0): string {
  const axes = merged(all.filter(({ size }) => size !== 1));
  let inner = { size: 1, fixed: true };
  const terms: string[] = [];
  for (const [position, { size, stride, fixed }] of [...axes.entries()].toReversed()) {
    const shifted = inner.size === 1 ? index : `${index} / ${divisor(inner)}`;
    const coordinate = position === 0 ? shifted : `(${shifted}) % ${divisor({ size, fixed })}`;
    if (stride !== 0) terms.push(stride === 1 ? `(${coordinate})` : `(${coordinate}) * ${argument(stride)}`);
    inner = { size: inner.size * size, fixed: inner.fixed && fixed };
  }
  if (offset !== 0) terms.push(argument(offset));
  if (terms.length === 0) return '0u';
  return terms.length === 1 && terms[0] === `(${index})` ? index : terms.join(' + ');
}

const divisor = ({ size, fixed }: Pick<Axis, 'size' | 'fixed'>): string => (fixed ? uint(size) : argument(size));

/** WGSL for the coordinate along an axis of place `i` of a value. */
export function coordinate(shape: Shape, axis: number): string {
  const inner = { size: stridesOf(shape)[axis]!, fixed: axis === shape.length - 1 || isFixed(shape, axis + 1) };
  const shifted = inner.size === 1 ? 'i' : `(i / ${divisor(inner)})`;
  return `${shifted} % ${divisor({ size: shape[axis]!, fixed: isFixed(shape, axis) })}`;
}

function merged(axes: readonly Axis[]): readonly Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    const before = result.at(-1);
    if (before && before.stride === axis.stride * axis.size) {
      result[result.length - 1] = { size: before.size * axis.size, stride: axis.stride, fixed: before.fixed && axis.fixed };
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
