import { type Builder, float } from '../../../ir/builder.ts';
import { elementCount } from '../../../ir/graph.ts';
import { readFloat } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';
import { sumOverFirst } from './sums.ts';

/**
 * (x, scale, bias) → (y, batchMean [C], batchVar [C]) in few programs: each costs the same, be it for C numbers or for all.
 * The inference form of BatchNormalization takes the root and the quotient along.
 */
export const batchNormTrain: Emission = ({ b, node }) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const share = shareOf(b, x);
  const mean = sumOverFirst(b, overPlane(b, 'ReduceSum', x), share);
  const square = sumOverFirst(b, overPlane(b, 'ReduceSumSquare', x), share);
  const difference = b.op('Sub', [square, b.op('Mul', [mean, mean])]);
  const variance = b.op('Max', [difference, b.scalar(0)]); // rounding can leave a constant channel just below 0
  const epsilon = float(readFloat(node, 'epsilon', 1e-5));
  return [b.op('BatchNormalization', [x, scale, bias, mean, variance], { epsilon }), mean, variance];
};

/**
 * (dy, x, scale, mean, var) → (dx, dScale, dBias), with inv = 1/√(var + ε) and M numbers per channel:
 * dx = scale·inv·dy + slope·dScale·(x − mean)·inv + slope·dBias, where slope = −scale·inv/M. Whatever is a difference from a
 * mean times inv is written as BatchNormalization, also of vectors.
 */
export const batchNormGrad: Emission = ({ b, node }) => {
  const [dy, x, scale, mean, variance] = node.inputs as [string, string, string, string, string];
  const channels = b.shape(x)[1]!;
  const epsilon = float(readFloat(node, 'epsilon', 1e-5));
  const normalized = (value: string, factor: string, offset: string, center: string) =>
    b.op('BatchNormalization', [value, factor, offset, center, variance], { epsilon });
  const vector = (...args: Parameters<typeof normalized>) => {
    const [value, ...rest] = args;
    return reshape(b, normalized(reshape(b, value, [1, channels, 1, 1]), ...rest), [channels]);
  };
  const [zero, one] = [filled(b, channels, 0), filled(b, channels, 1)];
  const dBias = sumOverFirst(b, overPlane(b, 'ReduceSum', dy));
  const dot = sumOverFirst(b, overPlane(b, 'ReduceSum', b.op('Mul', [dy, x])));
  const dScale = vector(dot, one, zero, b.op('Mul', [mean, dBias]));
  const slope = vector(filled(b, channels, -shareOf(b, x)), scale, zero, zero);
  const ofX = normalized(x, b.op('Mul', [slope, dScale]), b.op('Mul', [slope, dBias]), mean);
  return [b.op('Add', [ofX, normalized(dy, scale, zero, zero)]), dScale, dBias];
};

/** One over how many numbers a channel has. */
const shareOf = (b: Builder, x: string): number => b.shape(x)[1]! / elementCount(b.shape(x));

const filled = (b: Builder, channels: number, value: number): string => b.floats(range(0, channels).map(() => value));

/** [N,C,…] → [N,C] */
function overPlane(b: Builder, op: 'ReduceSum' | 'ReduceSumSquare', x: string): string {
  const [n, c, ...plane] = b.shape(x) as [number, number, ...number[]];
  const rows = reshape(b, x, [n, c, elementCount(plane)]);
  return op === 'ReduceSum' ? b.op(op, [rows, b.ints([2])], { keepdims: 0 }) : b.op(op, [rows], { axes: [2], keepdims: 0 });
}
