import { type Builder, float } from '../../../ir/builder.ts';
import { elementCount, type Node } from '../../../ir/graph.ts';
import { readFloat } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import type { Emission } from '../lowering.ts';

/**
 * (x, scale, bias) → (y, batchMean [C], batchVar [C]). Not by BatchNormalization with training_mode: it writes its running
 * statistics over its inputs, also where these are constants that other nodes read (onnxruntime 1.30, CPU).
 */
export const batchNormTrain: Emission = ({ b, node }) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const shape = b.shape(x);
  const share = b.scalar(shape[1]! / elementCount(shape));
  const mean = b.op('Mul', [channelSum(b, x), share]);
  const square = b.op('Mul', [channelDot(b, x, x), share]);
  const difference = b.op('Sub', [square, b.op('Mul', [mean, mean])]);
  const variance = b.op('Max', [difference, b.scalar(0)]); // rounding can leave a constant channel just below 0
  const factor = b.op('Mul', [scale, inverseDeviation(b, variance, node)]);
  const offset = b.op('Sub', [bias, b.op('Mul', [mean, factor])]);
  return [perChannel(b, x, factor, offset), mean, variance];
};

const inverseDeviation = (b: Builder, variance: string, node: Node): string =>
  b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [variance, b.scalar(readFloat(node, 'epsilon', 1e-5))])])]);

/**
 * (dy, x, scale, mean, var) → (dx, dScale, dBias). dx is linear in dy and x per channel, dx = a·dy + p·x + q, with
 * inv = 1/√(var + ε), M numbers per channel: a = scale·inv; p = −a·inv·dScale/M; q = −a·dBias/M − p·mean.
 */
export const batchNormGrad: Emission = ({ b, node }) => {
  const [dy, x, scale, mean, variance] = node.inputs as [string, string, string, string, string];
  const shape = b.shape(x);
  const m = elementCount(shape) / shape[1]!;
  const inverse = inverseDeviation(b, variance, node);
  const dBias = channelSum(b, dy);
  const product = b.op('Sub', [channelDot(b, dy, x), b.op('Mul', [mean, dBias])]);
  const dScale = b.op('Mul', [product, inverse]);
  const a = b.op('Mul', [scale, inverse]);
  const share = b.op('Mul', [a, b.scalar(-1 / m)]);
  const p = b.op('Mul', [b.op('Mul', [share, inverse]), dScale]);
  const q = b.op('Sub', [b.op('Mul', [share, dBias]), b.op('Mul', [p, mean])]);
  const dx = b.op('Add', [perChannel(b, x, p, q), perChannel(b, dy, a, filled(b, shape[1]!, 0))]);
  return [dx, dScale, dBias];
};

const filled = (b: Builder, channels: number, value: number): string => b.floats(Array.from({ length: channels }, () => value));

/** x · factor + offset, the vectors per channel: the inference form of BatchNormalization does it in one pass. */
const perChannel = (b: Builder, x: string, factor: string, offset: string): string => {
  const channels = b.shape(x)[1]!;
  return b.op('BatchNormalization', [x, factor, offset, filled(b, channels, 0), filled(b, channels, 1)], { epsilon: float(0) });
};

/** [C]: Σ over the batch and the plane. Rows first: a reduction over axes that are not neighbours is slower. */
function channelSum(b: Builder, x: string): string {
  const [n, c, ...spatial] = b.shape(x) as [number, number, ...number[]];
  const rows = b.op('ReduceSum', [reshape(b, x, [n, c, elementCount(spatial)]), b.ints([2])], { keepdims: 0 });
  return b.op('ReduceSum', [rows, b.ints([0])], { keepdims: 0 });
}

/** Planes at least this large are multiplied and summed in one pass by a product of rows, smaller ones in two passes. */
const largePlane = 512;

/** [C]: Σ over the batch and the plane of x · y. */
function channelDot(b: Builder, x: string, y: string): string {
  const [n, c, ...spatial] = b.shape(x) as [number, number, ...number[]];
  const plane = elementCount(spatial);
  if (plane < largePlane) return channelSum(b, b.op('Mul', [x, y]));
  const rows = (value: string) => reshape(b, value, [n * c, 1, plane]);
  const dots = b.op('FusedMatMul', [rows(x), rows(y)], { transB: 1 }, { domain: 'com.microsoft' });
  return b.op('ReduceSum', [reshape(b, dots, [n, c]), b.ints([0])], { keepdims: 0 });
}
