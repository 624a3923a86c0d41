import { cutsOf } from '../../../ir/ops/slicing.ts';
import { readInt, readString } from '../../../ir/ops/support/attributes.ts';
import { axisOf, constantInts, range, requireConstantInts } from '../../../ir/ops/support/shapes.ts';
import { type KernelContext, type Kernels, notCovered, plain, type TfTensor } from '../kernel.ts';
import { resized } from '../resized.ts';

/** Ops that join, cut and pick. */

const axisIn = ({ node, inputs }: KernelContext): number => axisOf(node, readInt(node, 'axis', 0), inputs[0]!.shape.length);

const concat = plain((x, context) => context.tf.concat([...(x as readonly TfTensor[])], axisIn(context)));

const split = plain(([x], context) => {
  const axis = axisIn(context);
  return context.tf.split(
    x!,
    context.outputs.map(({ shape }) => shape[axis]!),
    axis,
  );
});

/** Whole steps by a slice, others by picking rows axis by axis. */
const slice = plain(([x], context) => {
  const { tf, node, inputs } = context;
  const cuts = cutsOf(node, inputs[0]!.shape, context.constants);
  if (cuts.every(({ step }) => step === 1)) {
    return tf.slice(
      x!,
      cuts.map(({ start }) => start),
      cuts.map(({ size }) => size),
    );
  }
  return cuts.reduce((value, { start, step, size }, axis) => {
    const rows = range(0, size).map((i) => start + i * step);
    return tf.gather(value, tf.tensor1d(rows, 'int32'), axis);
  }, x!);
});

const pad = plain(([x], context) => {
  const { tf, node } = context;
  if (readString(node, 'mode', 'constant') !== 'constant') throw notCovered(node, 'only constant padding is covered');
  const pads = requireConstantInts(node, context.constants, 1);
  const value = constantInts(node, context.constants, 2)?.[0] ?? 0;
  return resized(tf, x!, pads.slice(0, x!.rank), pads.slice(x!.rank), value);
});

/** Negative indices count from the end. */
const gather = plain(([x, indices], context) => {
  const { tf } = context;
  const axis = axisIn(context);
  const size = x!.shape[axis]!;
  const positive = tf.where(tf.less(indices!, 0), tf.add(indices!, size), indices!);
  return tf.gather(x!, tf.cast(positive, 'int32'), axis);
});

export const slicingKernels: Kernels = {
  ':Concat': concat,
  ':Split': split,
  ':Slice': slice,
  ':Pad': pad,
  ':Gather': gather,
};
