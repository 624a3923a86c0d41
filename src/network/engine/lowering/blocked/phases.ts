import { range } from '../../../ir/ops/support/shapes.ts';
import { type Axis, reach } from '../portable/window.ts';

/**
 * The gradient of a convolution by its input, along one axis: rows r, r + stride, r + 2·stride … of dx are one phase, and
 * each phase is an ordinary convolution of dy with some of the taps.
 */
export interface Phase {
  /** Taps of the kernel in the order in which the phase's convolution meets them; none: the phase is zero. */
  readonly taps: readonly number[];
  readonly begin: number;
  readonly end: number;
  readonly dilation: number;
}

/** One phase per row of the stride; undefined where a phase would need more than a padded convolution. */
export function phasesOf(axis: Axis): readonly Phase[] | undefined {
  const phases = axis.stride === 1 ? [flipped(axis)] : range(0, axis.stride).map((row) => strided(axis, row));
  const fits = ({ begin, end }: Phase) => begin >= 0 && (axis.stride > 1 || end >= 0);
  return phases.every(fits) && (axis.stride === 1 || axis.dilation === 1) ? phases : undefined;
}

/** Rows of dx in each phase; the last ones may lie beyond dx. */
export const phaseRows = ({ input, stride }: Axis): number => Math.ceil(input / stride);

/** All taps in reverse order. */
function flipped(axis: Axis): Phase {
  const taps = range(0, axis.kernel).toReversed();
  const begin = reach(axis) - axis.begin;
  return { taps, begin, end: axis.input - 1 + axis.begin - (axis.output - 1), dilation: axis.dilation };
}

/** Row m·stride + row of dx reads row m + (row + begin − tap) / stride of dy through each tap for which that is whole. */
function strided(axis: Axis, row: number): Phase {
  const taps = range(0, axis.kernel)
    .filter((tap) => (row + axis.begin - tap) % axis.stride === 0)
    .toReversed();
  if (taps.length === 0) return { taps, begin: 0, end: 0, dilation: 1 };
  const offset = (tap: number) => (row + axis.begin - tap) / axis.stride;
  const last = phaseRows(axis) - 1 + offset(taps.at(-1)!);
  return { taps, begin: -offset(taps[0]!), end: last - (axis.output - 1), dilation: 1 };
}
