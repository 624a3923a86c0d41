import type { Tensor } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';
import type { ValueRange } from '../technique.ts';

/** real = scale · (integer − zeroPoint). */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** uint8 over a range that is widened to hold 0, so that zeros (padding, Relu) stay exact. */
export function activationScale({ min, max }: ValueRange): Affine {
  const [low, high] = [Math.min(0, min), Math.max(0, max)];
  const scale = Math.fround((high - low) / 255) || 1;
  return { scale, zeroPoint: Math.min(255, Math.max(0, Math.round(-low / scale))) };
}

export interface QuantizedWeight {
  /** int8, the shape of the weight. */
  readonly values: Tensor;
  /** One scale per position of `axis`, or one for all. */
  readonly scales: readonly number[];
}

/** int32 sums must hold the bias and the products beside it. */
const biasLimit = 2 ** 30;

/**
 * Symmetric int8 weights in [−limit, limit], a scale per output channel (`axis`) or one for all. `bias` and the scale of
 * the input bound the scales from below: a channel with tiny weights must not push its int32 bias out of range.
 */
export function quantizeWeight(
  weight: Tensor,
  axis: number,
  options: { perChannel: boolean; limit: number; bias: readonly number[]; inputScale: number },
): QuantizedWeight {
  const { perChannel, limit, bias, inputScale } = options;
  if (isZeros(weight)) return zeroWeight(weight, perChannel ? weight.shape[axis]! : 1);
  const data = weight.data as Float32Array;
  const size = weight.shape[axis]!;
  const inner = elementCount(weight.shape.slice(axis + 1));
  const channelOf = (i: number) => (perChannel ? Math.floor(i / inner) % size : 0);
  const largest = Array.from({ length: perChannel ? size : 1 }, () => 0);
  data.forEach((value, i) => {
    largest[channelOf(i)] = Math.max(largest[channelOf(i)]!, Math.abs(value));
  });
  const biases = perChannel ? bias : [Math.max(0, ...bias.map(Math.abs))];
  const scales = largest.map(
    (most, c) => Math.fround(Math.max(most / limit, Math.abs(biases[c] ?? 0) / (inputScale * biasLimit))) || 1,
  );
  const values = Int8Array.from(data, (value, i) => nearest(value / scales[channelOf(i)]!, limit));
  return { values: { dtype: 'int8', shape: weight.shape, data: values }, scales };
}

const zeroWeight = ({ shape }: Tensor, scales: number): QuantizedWeight => ({
  values: zeros('int8', shape),
  scales: Array.from({ length: scales }, () => 1),
});

const nearest = (value: number, limit: number) => Math.min(limit, Math.max(-limit, Math.round(value)));
