/** Lower triangles of symmetric matrices, row by row in one array: entry (i, j) with j <= i is at i * stride + j. */
export interface Triangle {
  readonly values: Float64Array;
  readonly stride: number;
  size: number;
}

export const newTriangle = (stride: number): Triangle => ({ values: new Float64Array(stride * stride), stride, size: 0 });

/**
 * Appends the rows `size … rows-1` of a positive definite matrix, given in place, to a Cholesky factor. Rows before are
 * factored already. What rounding pushes below `floor` on the diagonal is lifted to it.
 */
export function factorRows(triangle: Triangle, rows: number, floor = 1e-10): void {
  const { values, stride } = triangle;
  for (let i = triangle.size; i < rows; i++) {
    const row = i * stride;
    for (let j = 0; j <= i; j++) {
      const other = j * stride;
      const sum = values[row + j]! - dot(values, row, values, other, j);
      values[row + j] = j < i ? sum / values[other + j]! : Math.sqrt(Math.max(sum, floor));
    }
  }
  triangle.size = rows;
}

/** Σ a[i + k] · b[j + k]. Four sums at once: one alone would wait for each of its additions. */
function dot(a: Float64Array, i: number, b: Float64Array, j: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const even = count - (count % 4);
  for (let k = 0; k < even; k += 4) {
    s0 += a[i + k]! * b[j + k]!;
    s1 += a[i + k + 1]! * b[j + k + 1]!;
    s2 += a[i + k + 2]! * b[j + k + 2]!;
    s3 += a[i + k + 3]! * b[j + k + 3]!;
  }
  for (let k = even; k < count; k++) s0 += a[i + k]! * b[j + k]!;
  return s0 + s1 + (s2 + s3);
}

/** Solves L x = b in place. */
export function solveLower({ values, stride, size }: Triangle, b: Float64Array): Float64Array {
  for (let i = 0; i < size; i++) {
    const row = i * stride;
    b[i] = (b[i]! - dot(values, row, b, 0, i)) / values[row + i]!;
  }
  return b;
}

/** Solves L' x = b in place. */
export function solveUpper({ values, stride, size }: Triangle, b: Float64Array): Float64Array {
  for (let i = size - 1; i >= 0; i--) {
    const x = b[i]! / values[i * stride + i]!;
    b[i] = x;
    const row = i * stride;
    for (let k = 0; k < i; k++) b[k]! -= values[row + k]! * x;
  }
  return b;
}

/** The inverse of the matrix whose factor this is: its lower triangle, [size, size] row by row. */
export function inverse(triangle: Triangle): Float64Array {
  const { size } = triangle;
  const result = new Float64Array(size * size);
  const column = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    column.fill(0);
    column[j] = 1;
    solveUpper(triangle, solveLower(triangle, column));
    for (let i = j; i < size; i++) result[i * size + j] = column[i]!;
  }
  return result;
}
