import type { Node, Tensor } from '../../../network/ir/graph.ts';
import { readInt, readInts, readString } from '../../../network/ir/ops/support/attributes.ts';
import { permuted } from '../../constants.ts';
import { marginsOf, shareThatCounts } from '../../margins.ts';
import { spreadOut } from '../dilation.ts';
import { text, wholes } from '../writer.ts';
import type { Conversion, Rule } from './rule.ts';

const channelsLast = { data_format: text('NHWC') };

type Sides = readonly [number, number];

/** As weights come: floats, or their 8-bit codes. */
type FloatsOrCodes = Tensor & { readonly data: Float32Array | Int8Array };

const spread = (values: readonly number[]) => wholes([1, ...values, 1]);

const conv: Rule = (c, node) => {
  const [x, weight, bias] = node.inputs as [string, string, string?];
  const { shape } = c.type(weight); // [M, C / group, kh, kw]
  const [outputs, perGroup, ...kernel] = shape as [number, number, number, number];
  const channels = c.type(x).shape[1]!;
  const group = readInt(node, 'group', 1);
  const depthwise = group === channels && perGroup === 1 && group > 1;
  if (shape.length !== 4) c.refuse(node, 'is no convolution over pictures');
  if (group !== 1 && !depthwise) c.refuse(node, `has ${group} groups`);
  const padded = paddedInput(c, node, { kernel, value: 0 });
  const [strides, dilations] = ['strides', 'dilations'].map((name) => readInts(node, name) ?? [1, 1]) as [Sides, Sides];
  // TensorFlow.js has no convolution with both.
  const both = [strides, dilations].every((sides) => sides.some((side) => side !== 1));
  const dilated = (w: Tensor): Tensor => (both ? { ...w, ...spreadOut(w as FloatsOrCodes, dilations) } : w);
  const attributes = {
    ...channelsLast,
    strides: spread(strides),
    dilations: spread(both ? [1, 1] : dilations),
    padding: text(padded.padding),
  };
  const multiplier = outputs / channels;
  const filter = depthwise
    ? c.weight(
        weight,
        (w) => dilated(depthwiseOrder(w, channels, multiplier)),
        (scales) => ({ ...scales, shape: [channels, multiplier] }),
      )
    : c.weight(
        weight,
        (w) => dilated(permuted(w, [2, 3, 1, 0])),
        (scales) => scales,
      );
  const output = node.outputs[0]!;
  const op = depthwise ? 'DepthwiseConv2dNative' : 'Conv2D';
  const y = c.writer.op(bias ? `${output}/conv` : output, op, [padded.x, filter], attributes);
  return bias ? c.writer.op(output, 'BiasAdd', [y, c.ref(bias, 1)], channelsLast) : y;
};

/** [C · m, 1, kh, kw] → [kh, kw, C, m]. */
const depthwiseOrder = (w: Tensor, channels: number, multiplier: number): Tensor =>
  permuted({ ...w, shape: [channels, multiplier, ...w.shape.slice(2)] }, [2, 3, 0, 1]);

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
function paddedInput(c: Conversion, node: Node, { kernel, value, counts = false }: Window): { x: string; padding: string } {
  const x = c.ref(node.inputs[0]!);
  if (readString(node, 'auto_pad', 'NOTSET') !== 'NOTSET') c.refuse(node, 'pads itself');
  const { before, after, isSame } = marginsOf(node, walkOf(c, node, kernel));
  if ([...before, ...after].every((margin) => margin === 0)) return { x, padding: 'VALID' };
  if (isSame && !counts) return { x, padding: 'SAME' };
  const name = `${node.outputs[0]}/pad`;
  const sides = c.writer.ints(`${name}/sides`, [0, 0, before[0]!, after[0]!, before[1]!, after[1]!, 0, 0], [4, 2]);
  return { x: c.writer.op(name, 'PadV2', [x, sides, c.writer.scalar(`${name}/value`, value)]), padding: 'VALID' };
}

const walkOf = (c: Conversion, node: Node, kernel: readonly number[]) => ({
  kernel,
  input: c.type(node.inputs[0]!),
  output: c.type(node.outputs[0]!),
});

/** Smaller than every value that a network has, and a number in JSON. */
const lowest = -3.4e38;

const maxPool: Rule = (c, node) => {
  if (node.outputs.length > 1 && node.outputs[1] !== '') c.refuse(node, 'also gives the places of its maxima');
  const kernel = kernelOf(c, node);
  return pool(c, node, { op: 'MaxPool', name: node.outputs[0]!, kernel, ...paddedInput(c, node, { kernel, value: lowest }) });
};

/** TensorFlow's SAME leaves the padding out of the mean; what is padded beforehand counts. */
const averagePool: Rule = (c, node) => {
  const output = node.outputs[0]!;
  const kernel = kernelOf(c, node);
  const counts = readInt(node, 'count_include_pad', 0) === 1;
  const padded = paddedInput(c, node, { kernel, value: 0, counts });
  const isApart = padded.x !== c.ref(node.inputs[0]!) && (!counts || readInt(node, 'ceil_mode', 0) === 1);
  const mean = pool(c, node, { op: 'AvgPool', name: isApart ? `${output}/whole` : output, kernel, ...padded });
  if (!isApart) return mean;
  const share = c.writer.floats(`${output}/share`, { dtype: 'float32', ...shareThatCounts(node, walkOf(c, node, kernel)) });
  return c.writer.op(output, 'Mul', [mean, share]);
};

function kernelOf(c: Conversion, node: Node): readonly number[] {
  const kernel = readInts(node, 'kernel_shape') ?? [];
  if (kernel.length !== 2) c.refuse(node, 'is no pooling over pictures');
  if ((readInts(node, 'dilations') ?? []).some((dilation) => dilation !== 1)) c.refuse(node, 'is dilated');
  return kernel;
}

interface Pool {
  readonly op: string;
  readonly name: string;
  readonly kernel: readonly number[];
  readonly x: string;
  readonly padding: string;
}

const pool = (c: Conversion, node: Node, { op, name, kernel, x, padding }: Pool): string =>
  c.writer.op(name, op, [x], {
    ...channelsLast,
    ksize: spread(kernel),
    strides: spread(readInts(node, 'strides') ?? [1, 1]),
    padding: text(padding),
  });

export const windowRules: Readonly<Record<string, Rule>> = { Conv: conv, MaxPool: maxPool, AveragePool: averagePool };
