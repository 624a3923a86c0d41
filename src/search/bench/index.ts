import { compressionProblems } from './compression.ts';
import { dtlzProblems } from './dtlz.ts';
import type { ProblemDefinition } from './problem.ts';
import { zdtProblems } from './zdt.ts';

/**
 * The problems that are formulas. Add one: a `ProblemDefinition` in the file of its family and, for a new family, a line in
 * this list; test/search/bench/problems.test.ts then runs over it.
 */
export const problems: readonly ProblemDefinition[] = [...zdtProblems, ...dtlzProblems, ...compressionProblems];
