import type { Shape } from '../../network/ir/graph.ts';
import type { Tables } from './tables.ts';

/**
 * The values of a constant that are not 0, row by row along its last axis (compressed sparse rows, for which TensorFlow Lite
 * has a form: SparsityParameters of its schema).
 */
export interface SparseRows {
  /** Of the dense tensor. */
  readonly shape: Shape;
  /** Where each row begins among the values; the last entry is their number. */
  readonly segments: readonly number[];
  /** Of every value, its place in its row. */
  readonly indices: readonly number[];
}

interface Sparse<T> {
  readonly rows: SparseRows;
  readonly values: T;
}

/** The tables that describe the rows, and the operator that spreads them out: about so many bytes. */
const overhead = 250;

/** A constant as sparse rows; undefined where these take as much as `denseBytes`, or more. */
export function sparseRows<T extends Float32Array | Int8Array>(shape: Shape, data: T, denseBytes: number): Sparse<T> | undefined {
  const width = shape.at(-1) ?? 1;
  const segments = [0];
  const indices: number[] = [];
  const places: number[] = [];
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== 0) {
      indices.push(i % width);
      places.push(i);
    }
    if (i % width === width - 1) segments.push(indices.length);
  }
  const bytes =
    overhead + indices.length * (data.BYTES_PER_ELEMENT + bytesFor(width - 1)) + segments.length * bytesFor(indices.length);
  if (indices.length === 0 || bytes >= denseBytes) return undefined;
  const values = new (data.constructor as new (count: number) => T)(places.length);
  places.forEach((place, i) => {
    values[i] = data[place]!;
  });
  return { rows: { shape, segments, indices }, values };
}

const bytesFor = (largest: number): 1 | 2 | 4 => (largest < 256 ? 1 : largest < 65_536 ? 2 : 4);

/** Number of the vectors in the schema's union SparseIndexVector, by their bytes per entry. */
const vectorTypes = { 1: 3, 2: 2, 4: 1 } as const;

export function writeRows(t: Tables, { shape, segments, indices }: SparseRows): number {
  const vector = (values: readonly number[], bytes: 1 | 2 | 4) => t.table([['offset', 0, t.unsigned(values, bytes)]]);
  const dense = shape.slice(0, -1).map((size) => t.table([['int32', 1, size]]));
  const [starts, places] = [bytesFor(indices.length), bytesFor(shape.at(-1)! - 1)];
  const last = t.table([
    ['int8', 0, 1],
    ['int8', 2, vectorTypes[starts]],
    ['offset', 3, vector(segments, starts)],
    ['int8', 4, vectorTypes[places]],
    ['offset', 5, vector(indices, places)],
  ]);
  return t.table([
    ['offset', 0, t.ints(shape.map((_, axis) => axis))],
    ['offset', 2, t.offsets([...dense, last])],
  ]);
}
