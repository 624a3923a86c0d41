import type { Builder } from '../../../ir/builder.ts';
import type { Shape } from '../../../ir/graph.ts';
import { elementCount } from '../../../ir/graph.ts';
import { requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape, zeros } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';
import { type Axis, axesOf, transposedWindow } from './window.ts';

/**
 * (dy, x, y) → dx. MaxPool runs again for the positions of the maxima, dy is added there: right where windows overlap,
 * and one maximum of a window gets all of dy where several are equal.
 */
export const maxPoolGrad: Emission = ({ b, node }) => {
  const [dy, x] = node.inputs as [string, string];
  const shape = b.shape(x);
  const [, positions] = b.multi('MaxPool', [x], 2, node.attributes);
  const flat = (value: string) => reshape(b, value, [elementCount(b.shape(value))]);
  const start = zeros(b, [elementCount(shape)]);
  const sum = b.op('ScatterElements', [start, flat(positions!), flat(dy)], { axis: 0, reduction: 'add' });
  return [reshape(b, sum, shape)];
};

/**
 * (dy) → dx: every number of a window gets its share. A transposed convolution with ones spreads the shares; windows
 * that tile the input exactly only repeat them, which is faster.
 */
export const averagePoolGrad: Emission = ({ b, node }) => {
  const [dy] = node.inputs as [string];
  const shape = requireInts(node, 'input_shape');
  const axes = axesOf(node, requireInts(node, 'kernel_shape'), shape, b.shape(dy));
  const shares = b.op('Mul', [dy, shareOfWindow(b, axes, requireInts(node, 'counted_pads'))]);
  return [axes.every(tiles) ? repeated(b, shares, shape) : spread(b, shares, axes)];
};

const tiles = ({ kernel, stride, begin, end, input, output }: Axis): boolean =>
  kernel === stride && begin + end === 0 && input === output * stride;

/** 1 / how many numbers the window averages, per position: [Ho, Wo], or one number where all are equal. */
function shareOfWindow(b: Builder, axes: readonly Axis[], counted: readonly number[]): string {
  const sizes = (i: number) => range(0, axes[i]!.output).map((o) => windowSize(axes[i]!, o, [counted[i]!, counted[i + 2]!]));
  const [rows, columns] = [sizes(0), sizes(1)];
  const counts = rows.flatMap((row) => columns.map((column) => row * column));
  if (counts.every((count) => count === counts[0])) return b.scalar(1 / counts[0]!);
  return b.floats(
    counts.map((count) => 1 / count),
    [rows.length, columns.length],
  );
}

function windowSize({ kernel, stride, begin, input }: Axis, output: number, [before, behind]: readonly [number, number]): number {
  const first = output * stride - begin;
  return Math.min(first + kernel, input + behind) - Math.max(first, -before);
}

/** Nearest neighbour, by a whole factor: position i of the result is position ⌊i / factor⌋ of the value. */
function repeated(b: Builder, value: string, shape: Shape): string {
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return b.op('Resize', [value, '', '', b.ints(shape)], attributes);
}

function spread(b: Builder, value: string, axes: readonly Axis[]): string {
  const channels = b.shape(value)[1]!;
  const kernel = axes.map((axis) => axis.kernel);
  const ones = b.floats(
    Array.from({ length: channels * elementCount(kernel) }, () => 1),
    [channels, 1, ...kernel],
  );
  return b.op('ConvTranspose', [value, ones], { ...transposedWindow(axes), group: channels });
}
