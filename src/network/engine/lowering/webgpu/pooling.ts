import type { Builder } from '../../../ir/builder.ts';
import { dtypeCodes, elementCount } from '../../../ir/graph.ts';
import { requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';
import { type Axis, axesOf, transposedWindow } from '../portable/window.ts';

/** Below every activation, and still finite when a convolution multiplies it by 0. */
const floor = -1e30;

/**
 * (dy, x, y) → dx without the positions of the maxima, which the provider's MaxPool does not give. A convolution with
 * ones and zeros lays the T numbers of each window side by side; the first that equals the maximum takes all of dy, and
 * the transposed convolution brings it back. Channels count as samples: the provider's grouped convolutions are wrong
 * where a group has several outputs.
 */
export const maxPoolGrad: Emission = ({ b, node }) => {
  const [dy, x, y] = node.inputs as [string, string, string];
  const axes = axesOf(node, requireInts(node, 'kernel_shape'), b.shape(x), b.shape(dy));
  const planes = (value: string) => {
    const [n, c, ...plane] = b.shape(value) as [number, number, ...number[]];
    return reshape(b, value, [n * c, 1, ...plane]);
  };
  const winner = firstEqual(b, windows(b, planes(x), axes), planes(y));
  const shares = b.op('Mul', [winner, planes(dy)]);
  const dx = b.op('ConvTranspose', [shares, oneHot(b, axes)], transposedWindow(axes));
  return [reshape(b, dx, b.shape(x))];
};

/** [M,1,H,W] → [M,T,Ho,Wo] */
function windows(b: Builder, planes: string, axes: readonly Axis[]): string {
  const pads = [0, 0, ...axes.map(({ begin }) => begin), 0, 0, ...axes.map(({ end }) => end)];
  const padded = pads.some((size) => size > 0) ? b.op('Pad', [planes, b.ints(pads), b.scalar(floor)]) : planes;
  return b.op('Conv', [padded, oneHot(b, axes)], {
    kernel_shape: axes.map(({ kernel }) => kernel),
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
  });
}

/** [T,1,kh,kw]: output t is tap t of the window. */
function oneHot(b: Builder, axes: readonly Axis[]): string {
  const kernel = axes.map((axis) => axis.kernel);
  const taps = elementCount(kernel);
  const values = range(0, taps).flatMap((t) => range(0, taps).map((position) => (position === t ? 1 : 0)));
  return b.floats(values, [taps, 1, ...kernel]);
}

/** [M,T,Ho,Wo]: 1 at the first of the T numbers that equals the maximum [M,1,Ho,Wo], else 0. */
function firstEqual(b: Builder, window: string, maximum: string): string {
  const taps = b.shape(window)[1]!;
  const rank = b.floats(
    range(0, taps).map((t) => taps - t),
    [taps, 1, 1],
  );
  const ranked = b.op('Mul', [indicator(b, window, maximum), rank]);
  return indicator(b, ranked, b.op('ReduceMax', [ranked], { axes: [1], keepdims: 1 }));
}

const indicator = (b: Builder, left: string, right: string): string =>
  b.op('Cast', [b.op('Equal', [left, right])], { to: dtypeCodes.float32 });
