import type { TensorFlow, TfTensor } from './kernel.ts';

/** Adds `before` and `after` entries of a value to every axis; takes entries away where the numbers are below 0. */
export function resized(tf: TensorFlow, x: TfTensor, before: readonly number[], after: readonly number[], value = 0): TfTensor {
  const cut = (size: number) => Math.max(0, -size);
  const begin = before.map(cut);
  const kept = begin.some((size) => size > 0) || after.some((size) => size < 0);
  const inside = kept
    ? tf.slice(
        x,
        begin,
        x.shape.map((size, i) => size - begin[i]! - cut(after[i]!)),
      )
    : x;
  const pads = before.map((size, i): [number, number] => [Math.max(0, size), Math.max(0, after[i]!)]);
  return pads.some(([low, high]) => low + high > 0) ? tf.pad(inside, pads, value) : inside;
}
