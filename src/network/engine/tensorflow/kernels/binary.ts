import { either, type Kernel, type Kernels, type TensorFlow, type TfTensor } from '../kernel.ts';

/** Elementwise ops of several values, with broadcasting. */

type Combine = (tf: TensorFlow, a: TfTensor, b: TfTensor) => TfTensor;

const nary = (combine: Combine): Kernel =>
  either((x, { tf }) => (x as readonly TfTensor[]).reduce((result, value) => combine(tf, result, value)));

export const binaryKernels: Kernels = {
  ':Add': nary((tf, a, b) => tf.add(a, b)),
  ':Sub': nary((tf, a, b) => tf.sub(a, b)),
  ':Mul': nary((tf, a, b) => tf.mul(a, b)),
  ':Div': nary((tf, a, b) => tf.div(a, b)),
  ':Pow': nary((tf, a, b) => tf.pow(a, b)),
  ':Min': nary((tf, a, b) => tf.minimum(a, b)),
  ':Max': nary((tf, a, b) => tf.maximum(a, b)),
  ':Equal': nary((tf, a, b) => tf.equal(a, b)),
  ':Greater': nary((tf, a, b) => tf.greater(a, b)),
  ':PRelu': either(([x, slope], { tf }) => tf.prelu(x!, slope!)),
  ':Where': either(([condition, a, b], { tf }) => tf.where(condition!, a!, b!)),
};
