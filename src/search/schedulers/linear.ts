/** What the inputs tell of a target, and how far off that is. */
export interface Linear {
  readonly at: (input: readonly number[]) => number;
  readonly deviation: number;
}

/** Draws the slopes to 0 as one more observation would, of inputs that have mean 0 and variance 1. */
const ridge = 1;

/** Ridge regression on standardized inputs; at least one of them. */
export function fitLinear(inputs: readonly (readonly number[])[], targets: readonly number[]): Linear {
  const columns = inputs[0]!.map((_, k) => standardized(inputs.map((input) => input[k]!)));
  const mean = meanOf(targets);
  const place = (input: readonly number[]) => columns.map((column, k) => (input[k]! - column.mean) / column.deviation);
  const rows = inputs.map(place);
  const slopes = solved(
    columns.map((_, i) => columns.map((_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, i === j ? ridge : 0))),
    columns.map((_, i) => rows.reduce((sum, row, n) => sum + row[i]! * (targets[n]! - mean), 0)),
  );
  const at = (input: readonly number[]) => place(input).reduce((sum, value, k) => sum + slopes[k]! * value, mean);
  const squares = inputs.reduce((sum, input, n) => sum + (at(input) - targets[n]!) ** 2, 0);
  return { at, deviation: Math.sqrt(squares / Math.max(1, inputs.length - columns.length - 1)) };
}

function standardized(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = meanOf(values);
  return { mean, deviation: Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2))) || 1 };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Gauss's elimination; the matrix is symmetric and positive definite, so that it needs no pivots. */
function solved(matrix: number[][], right: number[]): number[] {
  const size = right.length;
  for (let i = 0; i < size; i++) {
    for (let row = i + 1; row < size; row++) {
      const factor = matrix[row]![i]! / matrix[i]![i]!;
      for (let column = i; column < size; column++) matrix[row]![column]! -= factor * matrix[i]![column]!;
      right[row]! -= factor * right[i]!;
    }
  }
  const solution = right.map(() => 0);
  for (let i = size - 1; i >= 0; i--) {
    const known = solution.reduce((sum, value, k) => sum + matrix[i]![k]! * value, 0);
    solution[i] = (right[i]! - known) / matrix[i]![i]!;
  }
  return solution;
}
