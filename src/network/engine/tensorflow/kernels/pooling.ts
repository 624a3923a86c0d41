import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Node, Shape } from '../../../ir/graph.ts';
import { requireInts } from '../../../ir/ops/support/attributes.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import { countedPads, windowOf } from '../../../ir/ops/support/window.ts';
import { type Fit, fitOf, fitted, fittedSize, unfitted } from '../fit.ts';
import { type Kernels, last, notCovered, type TensorFlow, type TfTensor } from '../kernel.ts';

/** Pooling, channels last. */

/** Below every activation. */
const floor = -1e30;

function poolFit(node: Node, input: Shape): Fit {
  const fit = fitOf(node, input, requireInts(node, 'kernel_shape'));
  if (fit.dilations.some((dilation) => dilation !== 1)) throw notCovered(node, 'pooling with dilations is not covered');
  return fit;
}

const attributesOf = ({ kernel, strides }: Fit) => ({ filterSize: [...kernel], strides: [...strides], pad: 'valid' });

const maxPool = last(([x], { tf, node, inputs }) => {
  if (node.outputs[1]) throw notCovered(node, 'the positions of the maxima are not covered');
  const fit = poolFit(node, inputs[0]!.shape);
  return tf.maxPool(fitted(tf, x!, fit, floor) as Tensor4D, [...fit.kernel], [...fit.strides], 'valid');
});

const maxPoolGrad = last(([dy, x, y], { tf, node, inputs }) => {
  const fit = poolFit(node, inputs[1]!.shape);
  const operands = { dy: dy!, input: fitted(tf, x!, fit, floor), output: y! };
  return unfitted(tf, tf.engine().runKernel(tf.MaxPoolGrad, operands, attributesOf(fit)), fit);
});

const averagePool = last(([x], { tf, node, inputs }) => {
  const { shape } = inputs[0]!;
  const fit = poolFit(node, shape);
  const mean = tf.avgPool(fitted(tf, x!, fit) as Tensor4D, [...fit.kernel], [...fit.strides], 'valid');
  return tf.mul(mean, shareOfWindow(tf, node, shape, fit));
});

const averagePoolGrad = last(([dy], { tf, node }) => {
  const shape = requireInts(node, 'input_shape');
  const fit = poolFit(node, shape);
  const input = tf.zeros([shape[0]!, ...fittedSize(fit), shape[1]!]);
  const operands = { dy: tf.mul(dy!, shareOfWindow(tf, node, shape, fit)), input };
  return unfitted(tf, tf.engine().runKernel(tf.AvgPoolGrad, operands, attributesOf(fit)), fit);
});

/** TensorFlow divides by the whole window; ONNX by what counts of it: [Ho, Wo, 1]. */
function shareOfWindow(tf: TensorFlow, node: Node, shape: Shape, fit: Fit): TfTensor {
  const counted = countedPads(node, windowOf(node, shape, fit.kernel));
  const counts = [0, 1].map((axis) => range(0, fit.output[axis]!).map((o) => countOf(fit, axis, o, counted)));
  const whole = fit.kernel[0] * fit.kernel[1];
  const shares = counts[0]!.flatMap((rows) => counts[1]!.map((columns) => whole / (rows * columns)));
  return tf.tensor(shares, [fit.output[0], fit.output[1], 1]);
}

/** How many entries of the window at place `o` lie in the input, or in padding that counts. */
function countOf({ kernel, strides, before, input }: Fit, axis: number, o: number, counted: readonly number[]): number {
  const first = o * strides[axis]! - before[axis]!;
  return Math.min(first + kernel[axis]!, input[axis]! + counted[axis + 2]!) - Math.max(first, -counted[axis]!);
}

export const poolingKernels: Kernels = {
  ':MaxPool': maxPool,
  ':AveragePool': averagePool,
  ':GlobalAveragePool': last(([x], { tf }) => tf.mean(x!, x!.rank === 4 ? [1, 2] : range(2, x!.rank), true)),
  'espalier:MaxPoolGrad': maxPoolGrad,
  'espalier:AveragePoolGrad': averagePoolGrad,
};
