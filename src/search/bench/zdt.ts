import type { Candidate } from '../../core/candidate.ts';
import type { Metrics } from '../../core/objective.ts';
import { minimizeBoth, type Problem, type ProblemDefinition, planKeyOf } from './problem.ts';
import { nonDominatedMetrics } from './quality.ts';
import { discreteDistances, mixedDistances, position, spaceOf, type Variable } from './variables.ts';

/**
 * Zitzler, Deb, Thiele 2000, "Comparison of multiobjective evolutionary algorithms: empirical results": two objectives,
 * f2 = g · h(f1, g), where f1 moves along the front and g >= 1 is the distance to it. The front lies at g = 1.
 */
export interface Zdt {
  readonly name: string;
  readonly trait: string;
  readonly f1: (x: number) => number;
  /** From distances on [0, 1], all 0 at the front. */
  readonly g: (distances: readonly number[]) => number;
  readonly h: (f1: number, g: number) => number;
  /** Levels of the ordered choices. */
  readonly levels: number;
  /** Where f1 ends: its smallest and largest value. */
  readonly f1Range: readonly [number, number];
  readonly f2Best: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const linear = (distances: readonly number[]): number => 1 + 9 * mean(distances);

/** Local optima everywhere: with 21 levels a step to a neighbour always crosses a ridge. z = 5 d is on [0, 5]. */
function rippled(distances: readonly number[]): number {
  const ripples = distances.map((distance) => 10 + (5 * distance) ** 2 - 10 * Math.cos(4 * Math.PI * 5 * distance));
  return 1 + ripples.reduce((sum, ripple) => sum + ripple, 0);
}

const identity = (x: number): number => x;
const wholeRange = [0, 1] as const;

export const zdtFunctions: readonly Zdt[] = [
  {
    name: 'zdt1',
    trait: 'convex front',
    f1: identity,
    g: linear,
    h: (f1, g) => 1 - Math.sqrt(f1 / g),
    levels: 11,
    f1Range: wholeRange,
    f2Best: 0,
  },
  {
    name: 'zdt2',
    trait: 'concave front',
    f1: identity,
    g: linear,
    h: (f1, g) => 1 - (f1 / g) ** 2,
    levels: 11,
    f1Range: wholeRange,
    f2Best: 0,
  },
  {
    name: 'zdt3',
    trait: 'front in five pieces',
    f1: identity,
    g: linear,
    h: (f1, g) => 1 - Math.sqrt(f1 / g) - (f1 / g) * Math.sin(10 * Math.PI * f1),
    levels: 11,
    f1Range: wholeRange,
    f2Best: -0.7734,
  },
  {
    name: 'zdt4',
    trait: 'many local fronts',
    f1: identity,
    g: rippled,
    h: (f1, g) => 1 - Math.sqrt(f1 / g),
    levels: 21,
    f1Range: wholeRange,
    f2Best: 0,
  },
  {
    name: 'zdt6',
    trait: 'few points near a concave front',
    f1: (x) => 1 - Math.exp(-4 * x) * Math.sin(6 * Math.PI * x) ** 6,
    g: (distances) => 1 + 9 * mean(distances) ** 0.25,
    h: (f1, g) => 1 - (f1 / g) ** 2,
    levels: 11,
    f1Range: [0.2807, 1],
    f2Best: 0,
  },
];

/** Points of a continuous front. */
const samples = 20_000;
const positionLevels = 21;
const distanceCount = 9;

export function zdtProblem(name: string, summary: string, zdt: Zdt, at: Variable, distances: readonly Variable[]): Problem {
  const space = spaceOf([at, ...distances]);
  const metricsAt = (x: number, g: number): Metrics => {
    const f1 = zdt.f1(x);
    return { f1, f2: g * zdt.h(f1, g) };
  };
  const { domain } = at.parameters[0]!;
  const positions =
    domain.kind === 'choice' ? domain.values.map(Number) : Array.from({ length: samples + 1 }, (_, i) => i / samples);
  const nearest = zdt.g(distances.map(() => 0));
  return {
    name,
    summary,
    space,
    goal: minimizeBoth,
    keyOf: planKeyOf(space),
    measure: (candidate: Candidate) => metricsAt(at.read(candidate), zdt.g(distances.map(({ read }) => read(candidate)))),
    seconds: () => 1,
    anchors: [],
    front: nonDominatedMetrics(
      positions.map((x) => metricsAt(x, nearest)),
      minimizeBoth,
    ),
    box: {
      best: { f1: zdt.f1Range[0], f2: zdt.f2Best },
      worst: { f1: zdt.f1Range[1] * 1.1, f2: zdt.g(distances.map(() => 1)) },
    },
    logScale: [],
  };
}

/** Each function over ordered choices alone, and over a mix of all kinds of parameters. */
export const zdtProblems: readonly ProblemDefinition[] = zdtFunctions.flatMap((zdt) => {
  const discrete = { name: zdt.name, summary: `${zdt.trait}; ${distanceCount + 1} ordered choices` };
  const mixed = { name: `${zdt.name}-mixed`, summary: `${zdt.trait}; numbers, choices, and numbers that depend on a choice` };
  return [
    {
      ...discrete,
      create: () =>
        zdtProblem(
          discrete.name,
          discrete.summary,
          zdt,
          position('x0', positionLevels),
          discreteDistances(zdt.name, distanceCount, zdt.levels),
        ),
    },
    {
      ...mixed,
      create: () => zdtProblem(mixed.name, mixed.summary, zdt, position('x0'), mixedDistances(zdt.name, zdt.levels)),
    },
  ];
});
