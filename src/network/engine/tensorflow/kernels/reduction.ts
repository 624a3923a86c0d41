import { readInt, readInts } from '../../../ir/ops/support/attributes.ts';
import { axisOf, constantInts, range, requireConstantInts } from '../../../ir/ops/support/shapes.ts';
import { type Kernel, type KernelContext, type Kernels, notCovered, plain, type TensorFlow, type TfTensor } from '../kernel.ts';

/** Sums over axes, and what is made of them. */

type Reduce = (tf: TensorFlow, x: TfTensor, axes: number[], keep: boolean) => TfTensor;

const keepsDims = ({ node }: KernelContext): boolean => readInt(node, 'keepdims', 1) === 1;

/** Axes by input 1, or by an attribute; without any, all. */
const reduction = (reduce: Reduce): Kernel =>
  plain(([x], context) => {
    const { tf, node, constants } = context;
    const given = constantInts(node, constants, 1) ?? readInts(node, 'axes') ?? [];
    if (given.length === 0 && readInt(node, 'noop_with_empty_axes', 0)) return x!;
    const axes = given.length > 0 ? given.map((axis) => axisOf(node, axis, x!.rank)) : range(0, x!.rank);
    return reduce(tf, x!, axes, keepsDims(context));
  });

const logSoftmaxOf = (tf: TensorFlow, x: TfTensor, axis: number): TfTensor => tf.sub(x, tf.logSumExp(x, axis, true));

const softmaxAxis = ({ node, inputs }: KernelContext): number => axisOf(node, readInt(node, 'axis', -1), inputs[0]!.shape.length);

const argMax = plain(([x], context) => {
  const { tf, node } = context;
  if (readInt(node, 'select_last_index', 0)) throw notCovered(node, 'select_last_index is not covered');
  const axis = axisOf(node, readInt(node, 'axis', 0), x!.rank);
  const y = tf.argMax(x!, axis);
  return keepsDims(context) ? tf.expandDims(y, axis) : y;
});

/** (logits, target) → (mean over the batch of −Σ target · logProbs, logProbs) */
const softmaxCrossEntropy = plain(([logits, target], { tf }) => {
  const logProbs = logSoftmaxOf(tf, logits!, 1);
  return [tf.mul(tf.sum(tf.mul(logProbs, target!)), -1 / logits!.shape[0]!), logProbs];
});

const cumSum = plain(([x], { tf, node, constants }) => {
  const axis = axisOf(node, requireConstantInts(node, constants, 1)[0]!, x!.rank);
  return tf.cumsum(x!, axis, readInt(node, 'exclusive', 0) === 1, readInt(node, 'reverse', 0) === 1);
});

export const reductionKernels: Kernels = {
  ':ReduceSum': reduction((tf, x, axes, keep) => tf.sum(x, axes, keep)),
  ':ReduceMean': reduction((tf, x, axes, keep) => tf.mean(x, axes, keep)),
  ':ReduceMin': reduction((tf, x, axes, keep) => tf.min(x, axes, keep)),
  ':ReduceMax': reduction((tf, x, axes, keep) => tf.max(x, axes, keep)),
  ':ReduceSumSquare': reduction((tf, x, axes, keep) => tf.sum(tf.square(x), axes, keep)),
  ':Softmax': plain(([x], context) => context.tf.exp(logSoftmaxOf(context.tf, x!, softmaxAxis(context)))),
  ':LogSoftmax': plain(([x], context) => logSoftmaxOf(context.tf, x!, softmaxAxis(context))),
  ':ArgMax': argMax,
  ':CumSum': cumSum,
  'espalier:SoftmaxCrossEntropy': softmaxCrossEntropy,
};
