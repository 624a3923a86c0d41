import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Shape } from '../../../ir/graph.ts';
import { readInt, requireInts } from '../../../ir/ops/support/attributes.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import { type Fit, fitOf, fitted, fittedSize, unfitted } from '../fit.ts';
import { type KernelContext, type Kernels, last, type TensorFlow, type TfTensor } from '../kernel.ts';

/**
 * Convolutions, channels last. Filters are [h, w, C / group, K] here; those with dilation are spread out with zeros
 * first, because TensorFlow has no gradient of a dilated convolution.
 */

interface Layer {
  readonly tf: TensorFlow;
  readonly fit: Fit;
  readonly group: number;
  /** Every group is one channel: one op for all of them. */
  readonly depthwise: boolean;
}

/** `input`, `weights`: shapes as in the graph, [N, C, H, W] and [K, C / group, h, w]. */
function layerOf({ tf, node }: KernelContext, input: Shape, weights: Shape): Layer {
  const fit = fitOf(node, input, weights.slice(2));
  const group = readInt(node, 'group', 1);
  return { tf, fit, group, depthwise: group > 1 && weights[1] === 1 && fit.strides[0] === fit.strides[1] };
}

const conv = last(([x, w, bias], context) => {
  const layer = layerOf(context, context.inputs[0]!.shape, context.inputs[1]!.shape);
  const { tf } = layer;
  const y = convolve(layer, fitted(tf, x!, layer.fit), filterOf(layer, w!));
  return bias ? tf.add(y, bias) : y;
});

const convInputGrad = last(([dy, w], context) => {
  const layer = layerOf(context, requireInts(context.node, 'input_shape'), context.inputs[1]!.shape);
  return unfitted(layer.tf, inputGrad(layer, dy!, filterOf(layer, w!)), layer.fit);
});

const convWeightGrad = last(([x, dy], context) => {
  const shape = requireInts(context.node, 'weight_shape');
  const layer = layerOf(context, context.inputs[0]!.shape, shape);
  const { tf, fit } = layer;
  const [rows, columns] = spreadSize(fit);
  return weightsOf(layer, filterGrad(layer, fitted(tf, x!, fit), dy!, [rows, columns, shape[1]!, shape[0]!]));
});

/** TensorFlow wants no padding, no rounding, and its own name for the layout. */
const settings = ({ strides }: Fit) => ({
  strides: [...strides] as [number, number],
  pad: 'valid' as const,
  dataFormat: 'NHWC' as const,
});

function convolve(layer: Layer, x: TfTensor, filter: TfTensor): TfTensor {
  const { tf, fit, group } = layer;
  const { strides, pad } = settings(fit);
  if (layer.depthwise) return tf.depthwiseConv2d(x as Tensor4D, perChannel(layer, filter), strides, pad);
  const one = (part: TfTensor, own: TfTensor) => tf.conv2d(part as Tensor3D | Tensor4D, own as Tensor4D, strides, pad);
  if (group === 1) return one(x, filter);
  return inGroups(layer, [x, filter], ([part, own]) => one(part!, own!));
}

function inputGrad(layer: Layer, dy: TfTensor, filter: TfTensor): TfTensor {
  const { tf, fit, group } = layer;
  const channels = filter.shape[2]!;
  const shape = (count: number) => [dy.shape[0]!, ...fittedSize(fit), count];
  if (layer.depthwise) {
    const attributes = { ...settings(fit), dilations: [1, 1], inputShape: shape(group) };
    return tf.engine().runKernel(tf.DepthwiseConv2dNativeBackpropInput, { dy, filter: perChannel(layer, filter) }, attributes);
  }
  const one = (part: TfTensor, own: TfTensor): TfTensor =>
    tf.engine().runKernel(tf.Conv2DBackpropInput, { dy: part, filter: own }, { ...settings(fit), inputShape: shape(channels) });
  return group === 1 ? one(dy, filter) : inGroups(layer, [dy, filter], ([part, own]) => one(part!, own!));
}

function filterGrad(layer: Layer, x: TfTensor, dy: TfTensor, shape: readonly [number, number, number, number]): TfTensor {
  const { tf, fit, group } = layer;
  const [rows, columns, channels, outputs] = shape;
  if (layer.depthwise) {
    const filterShape = [rows, columns, group, outputs / group];
    const attributes = { ...settings(fit), dilations: [1, 1], filterShape };
    const gradient: TfTensor = tf.engine().runKernel(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, attributes);
    return tf.reshape(gradient, [...shape]);
  }
  const one = (part: TfTensor, own: TfTensor): TfTensor => {
    const filterShape = [rows, columns, channels, outputs / group];
    return tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: part, dy: own }, { ...settings(fit), filterShape });
  };
  return group === 1 ? one(x, dy) : inGroups(layer, [x, dy], ([part, own]) => one(part!, own!));
}

/** Cuts both operands into groups along their last axis, and joins what comes out there. */
function inGroups(
  { tf, group }: Layer,
  operands: readonly TfTensor[],
  compute: (parts: readonly TfTensor[]) => TfTensor,
): TfTensor {
  const cut = operands.map((operand) => tf.split(operand, group, -1));
  return tf.concat(
    range(0, group).map((g) => compute(cut.map((parts) => parts[g]!))),
    -1,
  );
}

/** [h, w, 1, K] → [h, w, C, K / C] */
const perChannel = ({ tf, group }: Layer, filter: TfTensor): Tensor4D => {
  const [rows, columns, , outputs] = filter.shape as [number, number, number, number];
  return tf.reshape(filter, [rows, columns, group, outputs / group]);
};

/** [K, h, w, C / group], as the interpreter hands weights over → the filter, spread out. */
function filterOf({ tf, fit }: Layer, weights: TfTensor): TfTensor {
  const filter = tf.transpose(weights, [1, 2, 3, 0]);
  return [0, 1].reduce((value, axis) => spread(tf, value, axis, fit.dilations[axis]!), filter);
}

/** The gradient of the spread filter → that of the weights, in their form. */
function weightsOf({ tf, fit }: Layer, gradient: TfTensor): TfTensor {
  const dense = [0, 1].reduce((value, axis) => everyNth(tf, value, axis, fit.dilations[axis]!), gradient);
  return tf.transpose(dense, [3, 0, 1, 2]);
}

const spreadSize = ({ kernel, dilations }: Fit): [number, number] => [
  (kernel[0] - 1) * dilations[0] + 1,
  (kernel[1] - 1) * dilations[1] + 1,
];

/** Puts n − 1 entries of zeros between two of an axis. */
function spread(tf: TensorFlow, value: TfTensor, axis: number, n: number): TfTensor {
  if (n === 1) return value;
  const size = value.shape[axis]!;
  const pads = value.shape.map((_, i): [number, number] => [0, i === axis ? 1 : 0]);
  const rows = range(0, (size - 1) * n + 1).map((i) => (i % n === 0 ? i / n : size));
  return tf.gather(tf.pad(value, pads), tf.tensor1d(rows, 'int32'), axis);
}

function everyNth(tf: TensorFlow, value: TfTensor, axis: number, n: number): TfTensor {
  if (n === 1) return value;
  const rows = range(0, value.shape[axis]!).filter((i) => i % n === 0);
  return tf.gather(value, tf.tensor1d(rows, 'int32'), axis);
}

export const convolutionKernels: Kernels = {
  ':Conv': conv,
  'espalier:ConvInputGrad': convInputGrad,
  'espalier:ConvWeightGrad': convWeightGrad,
};
