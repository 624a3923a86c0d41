import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Row-major matrices of plain numbers. */
export interface Dense {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export const dense = (rows: number, columns: number, data: ArrayLike<number>): Dense => ({
  rows,
  columns,
  data: Float64Array.from(data),
});

export function transposed({ rows, columns, data }: Dense): Dense {
  const at = (i: number) => (i % rows) * columns + Math.floor(i / rows);
  return { rows: columns, columns: rows, data: Float64Array.from(data, (_, i) => data[at(i)]!) };
}

export function product(a: Dense, b: Dense): Dense {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k]!;
      if (factor === 0) continue;
      const [from, to] = [k * b.columns, i * b.columns];
      for (let j = 0; j < b.columns; j++) data[to + j]! += factor * b.data[from + j]!;
    }
  }
  return { rows: a.rows, columns: b.columns, data };
}

/** The first columns. */
export function leading({ rows, columns, data }: Dense, count: number): Dense {
  const at = (i: number) => Math.floor(i / count) * columns + (i % count);
  return { rows, columns: count, data: Float64Array.from({ length: rows * count }, (_, i) => data[at(i)]!) };
}

/** Column c times factors[c]. */
export const scaledColumns = ({ rows, columns, data }: Dense, factors: ArrayLike<number>): Dense => ({
  rows,
  columns,
  data: data.map((value, i) => value * factors[i % columns]!),
});

/** Left singular vectors of a matrix, [rows, rows], and its squared singular values, largest first. */
export interface Spectrum {
  readonly vectors: Dense;
  readonly energies: Float64Array;
}

/** By way of A·Aᵀ: precise for the large singular values, which are those that are kept. */
export function spectrumOf(a: Dense): Spectrum {
  const n = a.rows;
  const gram = product(a, transposed(a));
  const square = Matrix.from1DArray(n, n, [...gram.data]);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(square, { assumeSymmetric: true });
  // Ascending; ties keep their order, so that equal matrices give equal factors.
  const order = realEigenvalues.map((_, i) => i).sort((i, j) => realEigenvalues[j]! - realEigenvalues[i]! || i - j);
  const vectors = Float64Array.from({ length: n * n }, (_, i) => eigenvectorMatrix.get(Math.floor(i / n), order[i % n]!));
  return {
    vectors: { rows: n, columns: n, data: vectors },
    energies: Float64Array.from(order, (i) => Math.max(0, realEigenvalues[i]!)),
  };
}

/** How many of the energies make up a share of all. */
export function rankOfEnergy(energies: Float64Array, share: number): number {
  const wanted = share * energies.reduce((sum, energy) => sum + energy, 0);
  let sum = 0;
  for (let rank = 1; rank < energies.length; rank++) {
    sum += energies[rank - 1]!;
    if (sum >= wanted) return rank;
  }
  return energies.length;
}
