import type { Shape } from '../../network/ir/graph.ts';

interface Kernel<Data> {
  readonly shape: Shape;
  readonly data: Data;
}

/**
 * A kernel [rows, columns, …] with zeros between its rows and its columns: undilated it does what the kernel itself does
 * dilated. TensorFlow.js does not dilate everywhere.
 */
export function spreadOut<Data extends Float32Array | Int8Array>(
  { shape, data }: Kernel<Data>,
  [down, right]: readonly [number, number],
): Kernel<Data> {
  const [rows, columns, ...rest] = shape as [number, number, ...number[]];
  const [height, width] = [(rows - 1) * down + 1, (columns - 1) * right + 1];
  const inner = rest.reduce((product, size) => product * size, 1);
  const spread = new (data.constructor as new (length: number) => Data)(height * width * inner);
  for (let i = 0; i < rows * columns; i++) {
    const [row, column] = [Math.floor(i / columns) * down, (i % columns) * right];
    spread.set(data.subarray(i * inner, (i + 1) * inner), (row * width + column) * inner);
  }
  return { shape: [height, width, ...rest], data: spread };
}
