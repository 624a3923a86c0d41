import { elementCount, type Node } from '../../../ir/graph.ts';
import { readFloat } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { cutVector, type Layouts, nchwc, paddedVector, perChannel } from './layouts.ts';
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
  const mean = channelMean(layouts, value);
  const square = b.op('Mul', [channelDot(layouts, value, value), share]);
  const difference = b.op('Sub', [square, b.op('Mul', [mean, mean])]);
  const variance = b.op('Max', [difference, b.scalar(0)]); // rounding can leave a constant channel just below 0
  const [, meanName, varianceName] = node.outputs as [string, string, string];
  const factor = scaleFactor(layouts, scale, { name: varianceName, value: variance }, node);
  const offset = b.op('Sub', [vector(layouts, bias), b.op('Mul', [mean, factor])]);
  const [first, second] = [mean, variance].map((each) => cutVector(layouts, each, shape[1]!));
  if (!layouts.isWhole(x)) {
    layouts.once(whole(meanName), () => mean);
    layouts.once(whole(varianceName), () => variance);
  }
  return [{ conv: perChannel(b, value, factor, offset) }, { plain: first! }, { plain: second! }];
};

/**
 * (dy, x, scale, mean, var) → (dx, dScale, dBias): see the portable lowering. dx is scale · inverse · (dy + p·x + q); the
 * factor in front is left to the readers: the gradients of a convolution multiply it into their weights.
 */
export const batchNormGrad: Rule = ({ b, layouts, node }) => {
  const [dy, x, scale, mean, variance] = node.inputs as [string, string, string, string, string];
  if (!layouts.isImage(x)) return undefined;
  const shape = layouts.shape(x);
  const share = b.scalar(-shape[1]! / elementCount(shape));
  const [from, value] = [layouts.blocked(dy), layouts.blocked(x)];
  const center = vector(layouts, mean);
  const deviation = { name: variance, value: vector(layouts, variance) };
  const inverse = inverseDeviation(layouts, deviation, node);
  const dBias = channelSum(layouts, from);
  const product = b.op('Sub', [channelDot(layouts, from, value), b.op('Mul', [center, dBias])]);
  const dScale = b.op('Mul', [product, inverse]);
  const p = b.op('Mul', [b.op('Mul', [dScale, inverse]), share]);
  const q = b.op('Sub', [b.op('Mul', [dBias, share]), b.op('Mul', [p, center])]);
  const [first, second] = [dScale, dBias].map((each) => cutVector(layouts, each, shape[1]!));
  const factor = scaleFactor(layouts, scale, deviation, node);
  return [{ factor, conv: { ...perChannel(b, value, p, q), sum: from } }, { plain: first! }, { plain: second! }];
};

/** The variance per channel: its name in the graph, and the vector of whole blocks. */
interface Variance {
  readonly name: string;
  readonly value: string;
}

/** What the gradient shares with the forward pass is made once, by the name of the variance. */
function inverseDeviation(layouts: Layouts, { name, value }: Variance, node: Node): string {
  const { b } = layouts;
  const epsilon = readFloat(node, 'epsilon', 1e-5);
  return layouts.once(`1 / deviation of ${name}, ${epsilon}`, () =>
    b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [value, b.scalar(epsilon)])])]),
  );
}

function scaleFactor(layouts: Layouts, scale: string, variance: Variance, node: Node): string {
  const inverse = inverseDeviation(layouts, variance, node);
  return layouts.once(`${scale} · ${inverse}`, () => layouts.b.op('Mul', [vector(layouts, scale), inverse]));
}

const whole = (name: string) => `whole ${name}`;

/** A vector of whole blocks. */
const vector = (layouts: Layouts, name: string): string =>
  layouts.once(whole(name), () => paddedVector(layouts, layouts.plain(name)));

/** [C]: the mean of a blocked value over the batch and the plane. onnxruntime's pooling sums planes faster than its ReduceSum. */
function channelMean({ b }: Layouts, x: string): string {
  const [n, c] = b.shape(x) as [number, number];
  const means = reshape(b, b.op('GlobalAveragePool', [x], {}, { domain: nchwc }), [n, c]);
  return b.op('Mul', [b.op('ReduceSum', [means, b.ints([0])], { keepdims: 0 }), b.scalar(1 / n)]);
}

/** [C]: Σ over the batch and the plane of a blocked value. */
export function channelSum(layouts: Layouts, x: string): string {
  const { b } = layouts;
  const shape = b.shape(x);
  return b.op('Mul', [channelMean(layouts, x), b.scalar(elementCount(shape) / shape[1]!)]);
}

/** [C]: Σ over the batch and the plane of x · y: a depthwise convolution whose kernel is a whole plane multiplies and sums in one pass. */
function channelDot({ b }: Layouts, x: string, y: string): string {
  const [n, c, h, w] = b.shape(x) as [number, number, number, number];
  const operands = [reshape(b, x, [1, n * c, h, w]), reshape(b, y, [n * c, 1, h, w])];
  const dots = b.op('Conv', operands, { kernel_shape: [h, w], group: n * c }, { domain: nchwc });
  return b.op('ReduceSum', [reshape(b, dots, [n, c]), b.ints([0])], { keepdims: 0 });
}
