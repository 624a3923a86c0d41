import type { Node, Shape } from '../../../ir/graph.ts';
import { show } from '../../../ir/graph.ts';
import { readInts, requireInts } from '../../../ir/ops/support/attributes.ts';
import { notLowered } from '../lowering.ts';

/** The window of a 2-D convolution or pooling, along one axis. */
export interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding at the begin and at the end. */
  readonly begin: number;
  readonly end: number;
  /** Sizes without padding. */
  readonly input: number;
  readonly output: number;
}

/** Distance between the first and the last tap of the window. */
export const reach = ({ kernel, dilation }: Axis): number => (kernel - 1) * dilation;

/** Height and width of the window that takes `input` [N,C,H,W] to `output` [N,K,Ho,Wo]. */
export function axesOf(node: Node, kernel: Shape, input: Shape, output: Shape): readonly [height: Axis, width: Axis] {
  if (input.length !== 4) throw notLowered(node, `input of shape ${show(input)}: only [N,C,H,W] is covered`);
  const strides = requireInts(node, 'strides');
  const pads = requireInts(node, 'pads');
  const dilations = readInts(node, 'dilations') ?? [1, 1];
  const axis = (i: number): Axis => ({
    kernel: kernel[i]!,
    stride: strides[i]!,
    dilation: dilations[i]!,
    begin: pads[i]!,
    end: pads[i + 2]!,
    input: input[i + 2]!,
    output: output[i + 2]!,
  });
  return [axis(0), axis(1)];
}

/** What a transposed convolution must add at the end: rows or columns that no place of the window reached. */
const outputPadding = (axis: Axis): number =>
  axis.input - ((axis.output - 1) * axis.stride + reach(axis) + 1 - axis.begin - axis.end);

/** Attributes of the ConvTranspose that takes the output of the window back to its input. */
export const transposedWindow = (axes: readonly Axis[]) => ({
  kernel_shape: axes.map((axis) => axis.kernel),
  strides: axes.map((axis) => axis.stride),
  dilations: axes.map((axis) => axis.dilation),
  pads: [...axes.map((axis) => axis.begin), ...axes.map((axis) => axis.end)],
  output_padding: axes.map(outputPadding),
});
