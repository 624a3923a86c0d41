import type { Node, Tensor } from '../../../network/ir/graph.ts';
import { readInt, readInts, readString } from '../../../network/ir/ops/support/attributes.ts';
import { permuted } from '../../constants.ts';
import { marginsOf, shareThatCounts } from '../../margins.ts';
import { conv2d, depthwiseConv2d, mul, type Padding, pool2d, type Sides } from '../schema.ts';
import { biasOf, mannerOf } from './integers.ts';
import type { CodeRange, Conversion, Rule, Work } from './rule.ts';

const conv: Rule = (c, node) => {
  const [x, weight] = node.inputs as [string, string];
  const { shape } = c.type(weight); // [M, C / group, kh, kw]
  const [outputs, perGroup, ...kernel] = shape as [number, number, number, number];
  const channels = c.type(x).shape[1]!;
  const group = readInt(node, 'group', 1);
  const depthwise = group === channels && perGroup === 1 && group > 1;
  if (shape.length !== 4) c.refuse(node, 'is no convolution over pictures');
  if (!c.constant(weight)) c.refuse(node, 'has weights that are no constants');
  // Filters of TensorFlow Lite: [M, kh, kw, C], and [1, kh, kw, M] of depthwise ones.
  const arrange = (w: Tensor) => permuted(w, depthwise ? [1, 2, 3, 0] : [0, 2, 3, 1]);
  const arrangement = { arrange, from: 0, to: depthwise ? 3 : 0 };
  const codes = c.weightCodes(weight, arrangement);
  const work = c.work(node, [x], { manner: mannerOf(c, node, codes), layout: 'last' });
  const padded = paddedInput(c, node, work, { kernel, value: 0 });
  const filter = work.range ? c.codes(weight, arrangement) : c.floatWeight(weight, arrangement);
  const window = { padding: padded.padding, strides: sides(node, 'strides'), dilations: sides(node, 'dilations') };
  const inputs = [padded.x, filter, biasOf(c, node, work, { codes, outputs })];
  if (depthwise) c.writer.operator('DEPTHWISE_CONV_2D', inputs, work.output, depthwiseConv2d(window, outputs / channels));
  else c.writer.operator('CONV_2D', inputs, work.output, conv2d(window));
};

const sides = (node: Node, attribute: string): Sides => (readInts(node, attribute) ?? [1, 1]) as unknown as Sides;

interface Window {
  readonly kernel: readonly number[];
  /** What stands outside of the picture. */
  readonly value: number;
  /** It counts as part of the picture. */
  readonly counts?: boolean;
}

/**
 * The input as the window walks over it. TensorFlow's SAME is ONNX's padding only where both sides happen to agree; else, or
 * where padding counts, the input is padded beforehand.
 */
function paddedInput(
  c: Conversion,
  node: Node,
  work: Work,
  { kernel, value, counts = false }: Window,
): { readonly x: number; readonly padding: Padding } {
  if (readString(node, 'auto_pad', 'NOTSET') !== 'NOTSET') c.refuse(node, 'pads itself');
  const x = work.inputs[0]!;
  const { before, after, isSame } = marginsOf(node, walkOf(c, node, kernel));
  if ([...before, ...after].every((margin) => margin === 0)) return { x, padding: 'VALID' };
  if (isSame && !counts) return { x, padding: 'SAME' };
  return { x: pad(c, work, `${node.outputs[0]}/pad`, { before, after, value }), padding: 'VALID' };
}

const walkOf = (c: Conversion, node: Node, kernel: readonly number[]) => ({
  kernel,
  input: c.type(node.inputs[0]!),
  output: c.type(node.outputs[0]!),
});

interface Margin {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

function pad(c: Conversion, work: Work, name: string, { before, after, value }: Margin): number {
  const x = work.inputs[0]!;
  const [batch, height, width, channels] = c.writer.shapeOf(x) as [number, number, number, number];
  const shape = [batch, height + before[0]! + after[0]!, width + before[1]! + after[1]!, channels];
  const range = work.range && work.ranges[0]!;
  const padded = c.between(work, name, shape, range);
  const margins = c.writer.ints(`${name}/sides`, [0, 0, before[0]!, after[0]!, before[1]!, after[1]!, 0, 0], [4, 2]);
  if (value === 0) c.writer.operator('PAD', [x, margins], padded);
  else c.writer.operator('PADV2', [x, margins, fillOf(c, `${name}/value`, value, range)], padded);
  return padded;
}

/** A constant that is padded with: of codes, the least one. */
function fillOf(c: Conversion, name: string, value: number, range: CodeRange | undefined): number {
  if (!range) return c.floats(name, { shape: [1], data: Float32Array.of(value) });
  const quantization = { scales: [range.scale], zero: range.zero, axis: 0 };
  return c.writer.tensor({ name, type: 'int8', shape: [1], data: Int8Array.of(-128), quantization });
}

/** Smaller than every value that a network has. */
const lowest = -3.4e38;

const maxPool: Rule = (c, node) => {
  if (node.outputs.length > 1 && node.outputs[1] !== '') c.refuse(node, 'also gives the places of its maxima');
  const work = c.work(node, [node.inputs[0]!], { manner: 'as they come', layout: 'last' });
  const kernel = kernelOf(c, node);
  const { x, padding } = paddedInput(c, node, work, { kernel, value: lowest });
  c.writer.operator('MAX_POOL_2D', [x], work.output, pool2d({ padding, strides: sides(node, 'strides'), kernel }));
};

/**
 * On floats: TensorFlow Lite's on codes rounds otherwise, and keeps the range of its input. TensorFlow's SAME leaves the padding
 * out of the mean; what is padded beforehand counts.
 */
const averagePool: Rule = (c, node) => {
  const output = node.outputs[0]!;
  const counts = readInt(node, 'count_include_pad', 0) === 1;
  const work = c.work(node, [node.inputs[0]!], { layout: 'last' });
  const kernel = kernelOf(c, node);
  const { x, padding } = paddedInput(c, node, work, { kernel, value: 0, counts });
  const options = pool2d({ padding, strides: sides(node, 'strides'), kernel });
  const isWhole = x === work.inputs[0] || (counts && readInt(node, 'ceil_mode', 0) === 0);
  if (isWhole) return c.writer.operator('AVERAGE_POOL_2D', [x], work.output, options);
  const mean = c.between(work, `${output}/whole`, c.writer.shapeOf(work.output));
  c.writer.operator('AVERAGE_POOL_2D', [x], mean, options);
  const share = c.floats(`${output}/share`, shareThatCounts(node, walkOf(c, node, kernel)));
  c.writer.operator('MUL', [mean, share], work.output, mul);
};

function kernelOf(c: Conversion, node: Node): Sides {
  const kernel = readInts(node, 'kernel_shape') ?? [];
  if (kernel.length !== 2) c.refuse(node, 'is no pooling over pictures');
  if ((readInts(node, 'dilations') ?? []).some((dilation) => dilation !== 1)) c.refuse(node, 'is dilated');
  return kernel as unknown as Sides;
}

export const windowRules: Readonly<Record<string, Rule>> = { Conv: conv, MaxPool: maxPool, AveragePool: averagePool };
