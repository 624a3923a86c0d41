import { readInts, readTensor } from '../../../ir/ops/support/attributes.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import { type Kernels, plain } from '../kernel.ts';
import { toTf } from '../tensors.ts';

/** Ops that change the shape and keep the values: the graph knows the shapes already. */

const reshape = plain(([x], { tf, outputs }) => tf.reshape(x!, [...outputs[0]!.shape]));

export const shapingKernels: Kernels = {
  ':Reshape': reshape,
  ':Flatten': reshape,
  ':Squeeze': reshape,
  ':Unsqueeze': reshape,
  ':Expand': plain(([x], { tf, outputs }) => tf.broadcastTo(x!, [...outputs[0]!.shape])),
  ':Transpose': plain(([x], { tf, node }) => tf.transpose(x!, [...(readInts(node, 'perm') ?? range(0, x!.rank).toReversed())])),
  ':Constant': plain((_, { tf, node }) => toTf(tf, readTensor(node, 'value')!)),
};
