import type { Shape, Tensor } from '../ir/graph.ts';
import { elementCount } from '../ir/graph.ts';
import type { Tensors } from './session.ts';

/** One row per training image, in the split's own order: what a step is fed beside the image. */
export interface Rows {
  /** Of one row. */
  readonly shape: Shape;
  /** [images, …shape] */
  readonly data: Float32Array;
}

/** The rows of a batch's images, by the names of the tables: [N, …shape]. */
export function rowsOf(tables: Readonly<Record<string, Rows>>, images: Int32Array): Tensors {
  const gathered = Object.entries(tables).map(([name, { shape, data }]) => {
    const size = elementCount(shape);
    const rows = new Float32Array(images.length * size);
    images.forEach((image, i) => {
      rows.set(data.subarray(image * size, (image + 1) * size), i * size);
    });
    return [name, { dtype: 'float32', shape: [images.length, ...shape], data: rows } satisfies Tensor] as const;
  });
  return Object.fromEntries(gathered);
}
