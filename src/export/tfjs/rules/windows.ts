import type { Node, Tensor } from '../../../network/ir/graph.ts';
import { readInt, readInts, readString } from '../../../network/ir/ops/support/attributes.ts';
import { permuted } from '../../constants.ts';
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
  const padded = paddedInput(c, node, kernel, 0);
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

/**
 * The input as the window walks over it. TensorFlow's SAME is ONNX's padding only where both sides happen to agree; else the
 * input is padded beforehand with `value`.
 */
function paddedInput(c: Conversion, node: Node, kernel: readonly number[], value: number): { x: string; padding: string } {
  const x = node.inputs[0]!;
  if (readString(node, 'auto_pad', 'NOTSET') !== 'NOTSET') c.refuse(node, 'pads itself');
  if (readInt(node, 'ceil_mode', 0) === 1) c.refuse(node, 'rounds its size up');
  const [top, left, bottom, right] = (readInts(node, 'pads') ?? [0, 0, 0, 0]) as [number, number, number, number];
  if (top + left + bottom + right === 0) return { x: c.ref(x), padding: 'VALID' };
  const strides = readInts(node, 'strides') ?? [1, 1];
  const dilations = readInts(node, 'dilations') ?? [1, 1];
  const same = [0, 1].every((i) => {
    const size = c.type(x).shape[2 + i]!;
    const extent = (kernel[i]! - 1) * dilations[i]! + 1;
    const total = Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + extent - size);
    return Math.floor(total / 2) === [top, left][i] && Math.ceil(total / 2) === [bottom, right][i];
  });
  if (same) return { x: c.ref(x), padding: 'SAME' };
  const name = `${node.outputs[0]}/pad`;
  const sides = c.writer.ints(`${name}/sides`, [0, 0, top, bottom, left, right, 0, 0], [4, 2]);
  return { x: c.writer.op(name, 'PadV2', [c.ref(x), sides, c.writer.scalar(`${name}/value`, value)]), padding: 'VALID' };
}

/** Smaller than every value that a network has, and a number in JSON. */
const lowest = -3.4e38;

const maxPool: Rule = (c, node) => pool(c, node, 'MaxPool', lowest);

const averagePool: Rule = (c, node) => {
  const pads = readInts(node, 'pads') ?? [];
  if (pads.some((pad) => pad !== 0)) c.refuse(node, 'is padded');
  return pool(c, node, 'AvgPool', 0);
};

function pool(c: Conversion, node: Node, op: string, value: number): string {
  const kernel = readInts(node, 'kernel_shape') ?? [];
  if (kernel.length !== 2) c.refuse(node, 'is no pooling over pictures');
  if (node.outputs.length > 1 && node.outputs[1] !== '') c.refuse(node, 'also gives the places of its maxima');
  if ((readInts(node, 'dilations') ?? []).some((dilation) => dilation !== 1)) c.refuse(node, 'is dilated');
  const { x, padding } = paddedInput(c, node, kernel, value);
  const strides = readInts(node, 'strides') ?? [1, 1];
  return c.writer.op(node.outputs[0]!, op, [x], {
    ...channelsLast,
    ksize: spread(kernel),
    strides: spread(strides),
    padding: text(padding),
  });
}

export const windowRules: Readonly<Record<string, Rule>> = { Conv: conv, MaxPool: maxPool, AveragePool: averagePool };
