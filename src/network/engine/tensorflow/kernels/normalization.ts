import { readFloat } from '../../../ir/ops/support/attributes.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import { type KernelContext, type Kernels, last, plain, type TfTensor } from '../kernel.ts';

/** Batch normalization, channels last where there are four dimensions. */

/** The axis of the channels: values of other than four dimensions stay [N, C, …]. */
const channelAxis = (x: TfTensor): number => (x.rank === 4 ? 3 : 1);

const otherAxes = (x: TfTensor): number[] => range(0, x.rank).filter((axis) => axis !== channelAxis(x));

/** A vector per channel in the shape that it broadcasts from. */
const perChannel = ({ tf }: KernelContext, vector: TfTensor, x: TfTensor): TfTensor =>
  tf.reshape(vector, [vector.size, ...range(channelAxis(x) + 1, x.rank).map(() => 1)]);

const inverseDeviation = ({ tf, node }: KernelContext, variance: TfTensor): TfTensor =>
  tf.rsqrt(tf.add(variance, readFloat(node, 'epsilon', 1e-5)));

/** (x − mean) · scale / √(variance + ε) + bias */
function normalized(
  context: KernelContext,
  x: TfTensor,
  statistics: readonly [TfTensor, TfTensor],
  affine: readonly [TfTensor, TfTensor],
): TfTensor {
  const { tf } = context;
  const [mean, variance] = statistics;
  const [scale, bias] = affine;
  const factor = tf.mul(scale, inverseDeviation(context, variance));
  const offset = tf.sub(bias, tf.mul(mean, factor));
  return tf.add(tf.mul(x, perChannel(context, factor, x)), perChannel(context, offset, x));
}

const batchNormalization = last(([x, scale, bias, mean, variance], context) =>
  normalized(context, x!, [mean!, variance!], [scale!, bias!]),
);

const batchNormTrain = last(([x, scale, bias], context) => {
  const { mean, variance } = context.tf.moments(x!, otherAxes(x!));
  return [normalized(context, x!, [mean, variance], [scale!, bias!]), mean, variance];
});

/** dx = scale · inv · (dy − dBias/M − x̂ · dScale/M), M numbers per channel. */
const batchNormGrad = last(([dy, x, scale, mean, variance], context) => {
  const { tf } = context;
  const inverse = inverseDeviation(context, variance!);
  const unit = tf.mul(tf.sub(x!, perChannel(context, mean!, x!)), perChannel(context, inverse, x!));
  const dBias = tf.sum(dy!, otherAxes(x!));
  const dScale = tf.sum(tf.mul(dy!, unit), otherAxes(x!));
  const share = scale!.size / x!.size;
  const drift = tf.add(
    tf.mul(unit, perChannel(context, tf.mul(dScale, share), x!)),
    perChannel(context, tf.mul(dBias, share), x!),
  );
  const dx = tf.mul(tf.sub(dy!, drift), perChannel(context, tf.mul(scale!, inverse), x!));
  return [dx, dScale, dBias];
});

const instanceNormalization = plain(([x, scale, bias], context) => {
  const { tf } = context;
  const { mean, variance } = tf.moments(x!, range(2, x!.rank), true);
  const ofChannel = (vector: TfTensor) => tf.reshape(vector, [vector.size, ...range(2, x!.rank).map(() => 1)]);
  const unit = tf.mul(tf.sub(x!, mean), inverseDeviation(context, variance));
  return tf.add(tf.mul(unit, ofChannel(scale!)), ofChannel(bias!));
});

export const normalizationKernels: Kernels = {
  ':BatchNormalization': batchNormalization,
  ':InstanceNormalization': instanceNormalization,
  'espalier:BatchNormTrain': batchNormTrain,
  'espalier:BatchNormGrad': batchNormGrad,
};
