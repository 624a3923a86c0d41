import type { Candidate } from '../../src/core/candidate.ts';
import { createRng } from '../../src/core/rng.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { factorRows, newTriangle, solveLower, solveUpper } from '../../src/search/controllers/surrogate/cholesky.ts';

import { enumerate } from '../../src/search/space/count.ts';

const folds = 10;
/** Keeps the equations solvable where two features are the same. */
const ridge = 1e-6;

/**
 * Standard error, in points of accuracy, with which the accuracy of a whole training is foretold by least squares from the
 * choices, each and in pairs, and from one number more, if given. By tenfold cross-validation over all networks.
 */
export function foretold(problem: Problem, more?: (problem: Problem, candidate: Candidate) => number): number {
  const networks = createRng('foretold').shuffle(networksOf(problem));
  const levels = levelsOf(networks);
  const rows = networks.map((candidate) => {
    const own = levels.map(({ name, level }) => Number(candidate[name] === level));
    const pairs = own.flatMap((a, i) => own.slice(0, i).map((b) => a * b));
    return [1, ...own, ...pairs, ...(more ? [more(problem, candidate)] : [])];
  });
  const accuracies = networks.map((candidate) => problem.measure(candidate).accuracy!);
  let squares = 0;
  for (let fold = 0; fold < folds; fold++) {
    const isTest = (i: number) => i % folds === fold;
    const weights = leastSquares(
      rows.filter((_, i) => !isTest(i)),
      accuracies.filter((_, i) => !isTest(i)),
    );
    for (const [i, row] of rows.entries()) if (isTest(i)) squares += (dot(row, weights) - accuracies[i]!) ** 2;
  }
  return 100 * Math.sqrt(squares / rows.length);
}

/** The networks of a problem, each once. */
export const networksOf = (problem: Problem): Candidate[] => [
  ...new Map([...enumerate(problem.space)].map((candidate) => [problem.keyOf(candidate), candidate])).values(),
];

/** Every choice but the first of each parameter: the first is where the others are not. */
function levelsOf(networks: readonly Candidate[]) {
  return Object.keys(networks[0]!).flatMap((name) =>
    [...new Set(networks.map((candidate) => candidate[name]!))].slice(1).map((level) => ({ name, level })),
  );
}

function leastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): Float64Array {
  const count = rows[0]!.length;
  const normal = newTriangle(count);
  const right = new Float64Array(count);
  for (const [r, row] of rows.entries()) {
    for (let i = 0; i < count; i++) {
      right[i]! += row[i]! * targets[r]!;
      for (let j = 0; j <= i; j++) normal.values[i * count + j]! += row[i]! * row[j]!;
    }
  }
  for (let i = 0; i < count; i++) normal.values[i * count + i]! += ridge;
  factorRows(normal, count);
  return solveUpper(normal, solveLower(normal, right));
}

const dot = (row: readonly number[], weights: Float64Array) => row.reduce((sum, value, i) => sum + value * weights[i]!, 0);
