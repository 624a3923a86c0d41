import type { Builder } from '../../../ir/builder.ts';
import { elementCount, type Node } from '../../../ir/graph.ts';
import { readFloat } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { type ConvCall, cutVector, type Layouts, nchwc, paddedVector } from './layouts.ts';
import type { Rule } from './rule.ts';

/**
 * (x, scale, bias) → (y, batchMean [C], batchVar [C]), by the formulas of the portable lowering. y is a convolution per
 * channel that waits, so that a residual and an activation behind it cost no pass of their own.
 */
export const batchNormTrain: Rule = ({ b, layouts, node }) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  if (!layouts.isImage(x)) return undefined;
  const shape = layouts.shape(x);
  const share = b.scalar(shape[1]! / elementCount(shape));
  const value = layouts.blocked(x);
  const mean = b.op('Mul', [channelSum(layouts, value), share]);
  const square = b.op('Mul', [channelDot(layouts, value, value), share]);
  const difference = b.op('Sub', [square, b.op('Mul', [mean, mean])]);
  const variance = b.op('Max', [difference, b.scalar(0)]); // rounding can leave a constant channel just below 0
  const factor = b.op('Mul', [vector(layouts, scale), inverseDeviation(b, variance, node)]);
  const offset = b.op('Sub', [vector(layouts, bias), b.op('Mul', [mean, factor])]);
  const [channelMean, channelVariance] = [mean, variance].map((each) => cutVector(layouts, each, shape[1]!));
  return [{ conv: perChannel(b, value, factor, offset) }, { plain: channelMean! }, { plain: channelVariance! }];
};

/** (dy, x, scale, mean, var) → (dx, dScale, dBias): see the portable lowering. */
export const batchNormGrad: Rule = ({ b, layouts, node }) => {
  const [dy, x, scale, mean, variance] = node.inputs as [string, string, string, string, string];
  if (!layouts.isImage(x)) return undefined;
  const shape = layouts.shape(x);
  const m = elementCount(shape) / shape[1]!;
  const [from, value] = [layouts.blocked(dy), layouts.blocked(x)];
  const center = vector(layouts, mean);
  const inverse = inverseDeviation(b, vector(layouts, variance), node);
  const dBias = channelSum(layouts, from);
  const product = b.op('Sub', [channelDot(layouts, from, value), b.op('Mul', [center, dBias])]);
  const dScale = b.op('Mul', [product, inverse]);
  const a = b.op('Mul', [vector(layouts, scale), inverse]);
  const share = b.op('Mul', [a, b.scalar(-1 / m)]);
  const p = b.op('Mul', [b.op('Mul', [share, inverse]), dScale]);
  const q = b.op('Sub', [b.op('Mul', [share, dBias]), b.op('Mul', [p, center])]);
  const { x: input, weight, bias, attributes } = perChannel(b, value, p, q);
  const rest = b.op('Conv', [input, weight, bias!], attributes, { domain: nchwc });
  const [first, second] = [dScale, dBias].map((each) => cutVector(layouts, each, shape[1]!));
  return [{ conv: { ...perChannel(b, from, a), sum: rest } }, { plain: first! }, { plain: second! }];
};

const inverseDeviation = (b: Builder, variance: string, node: Node): string =>
  b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [variance, b.scalar(readFloat(node, 'epsilon', 1e-5))])])]);

const vector = (layouts: Layouts, name: string): string => paddedVector(layouts, layouts.plain(name));

/** x · factor + offset, the vectors per channel, as a depthwise 1×1 convolution. */
function perChannel(b: Builder, x: string, factor: string, offset?: string): ConvCall {
  const shape = b.shape(x);
  const channels = shape[1]!;
  return {
    x,
    weight: reshape(b, factor, [channels, 1, 1, 1]),
    ...(offset === undefined ? {} : { bias: offset }),
    attributes: { kernel_shape: [1, 1], group: channels },
    shape,
  };
}

/** [C]: Σ over the batch and the plane of a blocked value. */
export function channelSum({ b, block }: Layouts, x: string): string {
  const [n, c, h, w] = b.shape(x) as [number, number, number, number];
  const planes = b.op('ReduceSum', [reshape(b, x, [n, c / block, h * w, block]), b.ints([2])], { keepdims: 0 });
  return b.op('ReduceSum', [reshape(b, planes, [n, c]), b.ints([0])], { keepdims: 0 });
}

/** [C]: Σ over the batch and the plane of x · y: a depthwise convolution whose kernel is a whole plane multiplies and sums in one pass. */
function channelDot({ b }: Layouts, x: string, y: string): string {
  const [n, c, h, w] = b.shape(x) as [number, number, number, number];
  const operands = [reshape(b, x, [1, n * c, h, w]), reshape(b, y, [n * c, 1, h, w])];
  const dots = b.op('Conv', operands, { kernel_shape: [h, w], group: n * c }, { domain: nchwc });
  return b.op('ReduceSum', [reshape(b, dots, [n, c]), b.ints([0])], { keepdims: 0 });
}
