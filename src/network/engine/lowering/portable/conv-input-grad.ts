import type { Builder } from '../../../ir/builder.ts';
import { readInt, requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import type { Emission, EmitContext } from '../lowering.ts';
import { type Axis, axesOf, reach, transposedWindow } from './window.ts';

/**
 * (dy [N,K,Ho,Wo], w [K,C/g,kh,kw]) → dx [N,C,H,W]. At stride 1 a convolution with the flipped weights, which is
 * faster than ConvTranspose; else ConvTranspose.
 */
export const convInputGrad: Emission = (context) => {
  const { b, node } = context;
  const [dy, w] = node.inputs as [string, string];
  const axes = axesOf(node, b.shape(w).slice(2), requireInts(node, 'input_shape'), b.shape(dy));
  const flippable = axes.every((axis) => axis.stride === 1 && reach(axis) >= Math.max(axis.begin, axis.end));
  if (flippable) return [flippedConv(context, axes)];
  return [b.op('ConvTranspose', [dy, w], { ...transposedWindow(axes), group: readInt(node, 'group', 1) })];
};

function flippedConv({ b, node }: EmitContext, axes: readonly Axis[]): string {
  const [dy, w] = node.inputs as [string, string];
  const group = readInt(node, 'group', 1);
  return b.op('Conv', [dy, flipped(b, w, group)], {
    kernel_shape: axes.map((axis) => axis.kernel),
    dilations: axes.map((axis) => axis.dilation),
    pads: [...axes.map((axis) => reach(axis) - axis.begin), ...axes.map((axis) => reach(axis) - axis.end)],
    group,
  });
}

/** w [K,C/g,kh,kw] with inputs and outputs swapped in every group and the taps in reverse order: [C,K/g,kh,kw]. */
function flipped(b: Builder, w: string, group: number): string {
  const [k, c, kh, kw] = b.shape(w) as [number, number, number, number];
  const grouped = reshape(b, w, [group, k / group, c, kh, kw]);
  const swapped = reshape(b, b.op('Transpose', [grouped], { perm: [0, 2, 1, 3, 4] }), [group * c, k / group, kh, kw]);
  if (kh * kw === 1) return swapped;
  const beforeFirst = Number.MIN_SAFE_INTEGER;
  return b.op('Slice', [swapped, b.ints([-1, -1]), b.ints([beforeFirst, beforeFirst]), b.ints([2, 3]), b.ints([-1, -1])]);
}
