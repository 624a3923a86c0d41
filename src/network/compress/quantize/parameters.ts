import type { Shape, Tensor } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';
import type { Codes } from '../storage/stored.ts';

/** real = scale · (integer − zeroPoint). */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** uint8 over a range that is widened to hold 0, so that zeros (padding, Relu) stay exact. */
export function activationScale({ min, max }: { readonly min: number; readonly max: number }): Affine {
  const [low, high] = [Math.min(0, min), Math.max(0, max)];
  const scale = Math.fround((high - low) / 255) || 1;
  return { scale, zeroPoint: Math.min(255, Math.max(0, Math.round(-low / scale))) };
}

/**
 * Weights in a matrix of blocks that share a scale: [rows, blocks, columns] in the order of the tensor. Per channel of
 * axis 0, one block is one row; of a later axis, one column; for groups, a part of either.
 */
export interface Blocks {
  readonly rows: number;
  readonly blockSize: number;
  readonly columns: number;
}

/** How a weight is cut into blocks: all of it, every position of `axis`, or every `group` weights of such a position. */
export function blocksOf(weight: Tensor, axis: number, granularity: { perChannel: boolean; group?: number }): Blocks {
  const count = elementCount(weight.shape);
  if (!granularity.perChannel) return { rows: 1, blockSize: count, columns: 1 };
  const channels = weight.shape[axis]!;
  const inputs = count / channels;
  const blockSize = groupSize(inputs, granularity.group ?? 0);
  // Axis 0: [channels · groups, blockSize, 1]. The last axis: [groups, blockSize, channels].
  return axis === 0
    ? { rows: count / blockSize, blockSize, columns: 1 }
    : { rows: inputs / blockSize, blockSize, columns: channels };
}

/** The wished size, rounded up to one that divides the weights of a channel; 0 and what is too large mean all of them. */
export function groupSize(inputs: number, wish: number): number {
  if (wish <= 0) return inputs;
  for (let size = wish; size < inputs; size++) if (inputs % size === 0) return size;
  return inputs;
}

export interface QuantizedWeight {
  readonly codes: Codes;
  readonly blocks: Blocks;
  /** One per block, [rows, columns]. */
  readonly scales: Float32Array;
}

export interface WeightOptions {
  readonly bits: number;
  /** The largest code. */
  readonly limit: number;
  /** Bounds the scale of a block from below. */
  readonly least?: (block: number) => number;
  /** Scales that are known, one per block. */
  readonly scales?: ArrayLike<number>;
}

/**
 * Symmetric integers in [−limit, limit] with a scale per block. From 7 bits up the scale lets the largest weight reach
 * the limit; below, where every level counts, it is the one of least squared error, which clips the rare large weights
 * (Banner et al. 2019, Post training 4-bit quantization of convolutional networks; found by trying, not by their formula).
 */
export function quantizeWeight(
  weight: Tensor,
  blocks: Blocks,
  { bits, limit, least = () => 0, scales: given }: WeightOptions,
): QuantizedWeight {
  const scales = new Float32Array(blocks.rows * blocks.columns);
  if (isZeros(weight))
    return { codes: { data: zeroCodes(weight.shape), shape: weight.shape, bits }, blocks, scales: scales.fill(1) };
  const values = weight.data as Float32Array;
  const data = new Int8Array(values.length);
  for (let block = 0; block < scales.length; block++) {
    const scale = Math.max(least(block), given?.[block] ?? scaleOf(blockOf(values, blocks, block), limit));
    scales[block] = scale || 1;
    for (const i of indicesOf(blocks, block)) data[i] = toCode(values[i]! / scales[block]!, limit);
  }
  return { codes: { data, shape: weight.shape, bits }, blocks, scales };
}

/** The real number that stands at a position of the tensor. */
export function realOf({ codes, blocks: { blockSize, columns }, scales }: QuantizedWeight): (i: number) => number {
  return (i) => codes.data[i]! * scales[Math.floor(i / (blockSize * columns)) * columns + (i % columns)]!;
}

/** Positions of a block's weights in the tensor. */
function* indicesOf({ blockSize, columns }: Blocks, block: number): Generator<number> {
  const row = Math.floor(block / columns);
  for (let i = 0; i < blockSize; i++) yield (row * blockSize + i) * columns + (block % columns);
}

const blockOf = (values: Float32Array, blocks: Blocks, block: number): Float32Array =>
  Float32Array.from(indicesOf(blocks, block), (i) => values[i]!);

const zeroCodes = (shape: Shape) => zeros('int8', shape).data as Int8Array;

const toCode = (value: number, limit: number) => Math.min(limit, Math.max(-limit, Math.round(value)));

/** Weights of this many levels or more keep their largest value. */
const fineLimit = 63;

/** The scale of one block. */
function scaleOf(values: Float32Array, limit: number): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const whole = largest / limit;
  if (limit >= fineLimit) return whole;
  let best = { scale: whole, error: squaredError(values, whole, limit) };
  for (let percent = 98; percent >= 20; percent -= 2) {
    const scale = (percent / 100) * whole;
    const error = squaredError(values, scale, limit);
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}

function squaredError(values: Float32Array, scale: number, limit: number): number {
  let sum = 0;
  for (const value of values) sum += (value - scale * toCode(value / (scale || 1), limit)) ** 2;
  return sum;
}
