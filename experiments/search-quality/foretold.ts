import type { Candidate } from '../../src/core/candidate.ts';
import { createRng } from '../../src/core/rng.ts';
import type { Problem } from '../../src/search/bench/problem.ts';
import { factorRows, newTriangle, solveLower, solveUpper } from '../../src/search/controllers/surrogate/cholesky.ts';

import { enumerate } from '../../src/search/space/count.ts';

const folds = 10;
/** Keeps the equations solvable where two features are the same. */
const ridge = 1e-6;

type More = (problem: Problem, candidate: Candidate) => number;

/** Standard error, in points of accuracy, of what `foretellings` says. */
export function foretold(problem: Problem, more?: More): number {
  const all = foretellings(problem, more);
  const squares = all.reduce((sum, { candidate, accuracy }) => sum + (accuracy - problem.measure(candidate).accuracy!) ** 2, 0);
  return 100 * Math.sqrt(squares / all.length);
}

/**
 * The accuracy of a whole training of every network, foretold by least squares from the choices, each and in pairs, and from
 * one number more, if given: tenfold, from the other networks.
 */
export function foretellings(problem: Problem, more?: More): { readonly candidate: Candidate; readonly accuracy: number }[] {
  const networks = createRng('foretold').shuffle(networksOf(problem));
  const levels = levelsOf(networks);
  const rows = networks.map((candidate) => {
    const own = levels.map(({ name, level }) => Number(candidate[name] === level));
    const pairs = own.flatMap((a, i) => own.slice(0, i).map((b) => a * b));
    return [1, ...own, ...pairs, ...(more ? [more(problem, candidate)] : [])];
  });
  const accuracies = networks.map((candidate) => problem.measure(candidate).accuracy!);
  const found: { readonly candidate: Candidate; readonly accuracy: number }[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const isTest = (i: number) => i % folds === fold;
    const weights = leastSquares(
      rows.filter((_, i) => !isTest(i)),
      accuracies.filter((_, i) => !isTest(i)),
    );
    for (const [i, row] of rows.entries()) if (isTest(i)) found.push({ candidate: networks[i]!, accuracy: dot(row, weights) });
  }
  return found;
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
