import type { Tensor } from '../network/ir/graph.ts';
import { permuted } from './constants.ts';

/** Channels last, as TensorFlow's runtimes compute on pictures: [N, C, H, W] → [N, H, W, C], and back. */
export const toLast = [0, 2, 3, 1];
export const toFirst = [0, 3, 1, 2];

/** A constant that meets values of so many dimensions: four have their channels last. */
export function lastChannels(tensor: Tensor, rank: number): Tensor {
  if (rank !== 4 || tensor.shape.length === 0) return tensor;
  const shape = [...Array.from({ length: 4 - tensor.shape.length }, () => 1), ...tensor.shape];
  return permuted({ ...tensor, shape }, toLast);
}
