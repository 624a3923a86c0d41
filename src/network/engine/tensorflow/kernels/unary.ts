import { readFloat } from '../../../ir/ops/support/attributes.ts';
import { seluOf } from '../../../ir/ops/unary.ts';
import { either, type Kernel, type Kernels, type TensorFlow, type TfTensor } from '../kernel.ts';
import { dtypeOf } from '../tensors.ts';

/** Elementwise ops of one value. */

const unary = (compute: (tf: TensorFlow, x: TfTensor) => TfTensor): Kernel => either(([x], { tf }) => compute(tf, x!));

const hardSigmoid = (tf: TensorFlow, x: TfTensor, alpha: number, beta: number): TfTensor =>
  tf.clipByValue(tf.add(tf.mul(x, alpha), beta), 0, 1);

const exponential = (tf: TensorFlow, x: TfTensor, { slope, scale }: ReturnType<typeof seluOf>): TfTensor =>
  tf.add(tf.mul(tf.relu(x), slope), tf.mul(tf.elu(tf.minimum(x, 0)), scale));

const clip = either(([x, min, max], { tf }) => {
  const raised = min ? tf.maximum(x!, min) : x!;
  return max ? tf.minimum(raised, max) : raised;
});

/** dy where the gate is above 0, else 0. */
const reluGrad = either(([dy, gate], { tf }) => tf.mul(dy!, tf.cast(tf.greater(gate!, 0), 'float32')));

export const unaryKernels: Kernels = {
  ':Relu': unary((tf, x) => tf.relu(x)),
  ':Sigmoid': unary((tf, x) => tf.sigmoid(x)),
  ':Tanh': unary((tf, x) => tf.tanh(x)),
  ':Erf': unary((tf, x) => tf.erf(x)),
  ':Exp': unary((tf, x) => tf.exp(x)),
  ':Log': unary((tf, x) => tf.log(x)),
  ':Sqrt': unary((tf, x) => tf.sqrt(x)),
  ':Reciprocal': unary((tf, x) => tf.reciprocal(x)),
  ':Neg': unary((tf, x) => tf.neg(x)),
  ':Abs': unary((tf, x) => tf.abs(x)),
  ':Identity': unary((_, x) => x),
  ':HardSwish': unary((tf, x) => tf.mul(x, hardSigmoid(tf, x, 1 / 6, 0.5))),
  ':LeakyRelu': either(([x], { tf, node }) => tf.leakyRelu(x!, readFloat(node, 'alpha', 0.01))),
  ':Elu': either(([x], { tf, node }) => exponential(tf, x!, { slope: 1, scale: readFloat(node, 'alpha', 1) })),
  ':Selu': either(([x], { tf, node }) => exponential(tf, x!, seluOf(node))),
  ':Softplus': unary((tf, x) => tf.softplus(x)),
  ':HardSigmoid': either(([x], { tf, node }) => hardSigmoid(tf, x!, readFloat(node, 'alpha', 0.2), readFloat(node, 'beta', 0.5))),
  ':Clip': clip,
  ':Cast': either(([x], { tf, outputs }) => tf.cast(x!, dtypeOf(outputs[0]!.dtype))),
  ':Dropout': either(([x], { tf }) => [x!, tf.onesLike(tf.cast(x!, 'bool'))]),
  'espalier:ReluGrad': reluGrad,
};
