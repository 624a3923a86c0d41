import type { OpEntry } from '../op.ts';
import { convShape } from './convolution.ts';
import { pooledShape } from './pooling.ts';
import { requireInts } from './support/attributes.ts';
import { expectShape, inputType, likeInput, misfit } from './support/shapes.ts';

/**
 * onnxruntime's own operators on blocked activations (domain com.microsoft.nchwc, CPU only). A blocked value keeps its
 * shape [N,C,H,W]; its numbers lie as [N, C/block, H, W, block], so C is a multiple of the block. Weights [K,C,kh,kw] lie as
 * [K/block, C/block, kh, kw, block of C, block of K]; as [K/block, C, kh, kw, block] where a group reads fewer channels than
 * a block, from an input that is not blocked; as [C/block, kh, kw, block] where each channel is a group. A lowering makes
 * these, nothing trains through them.
 */

const domain = 'com.microsoft.nchwc';

/** (x, w, bias [K], sum like y; window, group, activation) → y = activation(conv(x, w) + bias + sum). */
const conv: OpEntry = {
  op: 'Conv',
  domain,
  infer: (context) => {
    const shape = convShape(context);
    const [, , bias, sum] = context.inputs;
    if (bias) expectShape(context, 2, [shape[1]!]);
    if (sum) expectShape(context, 3, shape);
    return [{ dtype: inputType(context, 0).dtype, shape }];
  },
  grad: 'forbidden',
};

const pool = (op: string): OpEntry => ({
  op,
  domain,
  infer: (context) => [{ dtype: inputType(context, 0).dtype, shape: pooledShape(context) }],
  grad: 'forbidden',
});

/** The mean of every plane: [N,C,1,1]. */
const globalAveragePool: OpEntry = {
  op: 'GlobalAveragePool',
  domain,
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    return [{ dtype, shape: shape.map((size, axis) => (axis < 2 ? size : 1)) }];
  },
  grad: 'forbidden',
};

/** Repeats every row and column `scales` times; scales per axis of [N,C,H,W]. */
const upsample: OpEntry = {
  op: 'Upsample',
  domain,
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    const scales = requireInts(context.node, 'scales');
    return [{ dtype, shape: shape.map((size, i) => size * scales[i]!) }];
  },
  grad: 'forbidden',
};

/** Plain → blocked. */
const reorderInput: OpEntry = { op: 'ReorderInput', domain, infer: likeInput, grad: 'forbidden' };

/** Blocked → plain, with the first `channels` channels. */
const reorderOutput: OpEntry = {
  op: 'ReorderOutput',
  domain,
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    const channels = context.node.attributes['channels'];
    if (channels?.kind !== 'int' || channels.value > shape[1]!) throw misfit(context.node, 'channels beyond those of the input');
    return [{ dtype, shape: shape.with(1, channels.value) }];
  },
  grad: 'forbidden',
};

export const blockedOps: readonly OpEntry[] = [
  conv,
  pool('MaxPool'),
  pool('AveragePool'),
  globalAveragePool,
  upsample,
  reorderInput,
  reorderOutput,
];
