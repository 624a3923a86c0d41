import type { Shape } from '../../../ir/graph.ts';
import { readFloat, readInt } from '../../../ir/ops/support/attributes.ts';
import { broadcast } from '../../../ir/ops/support/shapes.ts';
import { type KernelContext, type Kernels, plain, type TensorFlow, type TfTensor } from '../kernel.ts';

/** Matrix products. */

/** alpha · A' · B' */
function product(a: TfTensor, b: TfTensor, { tf, node }: KernelContext): TfTensor {
  const y = tf.matMul(a, b, readInt(node, 'transA', 0) === 1, readInt(node, 'transB', 0) === 1);
  return scaled(tf, y, readFloat(node, 'alpha', 1));
}

const scaled = (tf: TensorFlow, x: TfTensor, factor: number): TfTensor => (factor === 1 ? x : tf.mul(x, factor));

const gemm = plain(([a, b, c], context) => {
  const y = product(a!, b!, context);
  return c ? context.tf.add(y, scaled(context.tf, c, readFloat(context.node, 'beta', 1))) : y;
});

/** Vectors stand for a matrix of one row, or one column, that the result loses again. */
const matMul = plain(([a, b], context) => {
  const { tf, outputs } = context;
  const left = a!.rank === 1 ? tf.expandDims(a!, 0) : a!;
  const right = b!.rank === 1 ? tf.expandDims(b!, 1) : b!;
  const batch = broadcast([left.shape.slice(0, -2), right.shape.slice(0, -2)])!;
  const operands = [left, right].map((value) => inBatch(tf, value, batch)) as [TfTensor, TfTensor];
  return tf.reshape(product(...operands, context), [...outputs[0]!.shape]);
});

/** TensorFlow.js multiplies batches of equal shape, or one matrix with each of a batch; others are made equal. */
function inBatch(tf: TensorFlow, value: TfTensor, batch: Shape): TfTensor {
  const own = value.shape.slice(0, -2);
  return own.every((size) => size === 1) || own.join() === batch.join()
    ? value
    : tf.broadcastTo(value, [...batch, ...value.shape.slice(-2)]);
}

export const linearKernels: Kernels = {
  ':Gemm': gemm,
  ':MatMul': matMul,
  'com.microsoft:FusedMatMul': matMul,
};
