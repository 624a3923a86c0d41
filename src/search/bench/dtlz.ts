import type { Candidate } from '../../core/candidate.ts';
import type { Goal, Metrics } from '../../core/objective.ts';
import { type Problem, type ProblemDefinition, planKeyOf } from './problem.ts';
import { discreteDistances, mixedDistances, position, spaceOf, type Variable } from './variables.ts';

const goal: Goal = {
  objectives: ['f1', 'f2', 'f3'].map((metric) => ({ metric, direction: 'minimize' })),
  constraints: [],
};

const levels = 11;
const distanceCount = 7;
const positionLevels = 11;
/** Per position, of a continuous front. */
const samples = 40;
/** The worst that counts: half of the random points lie inside. */
const worst = 2;

/**
 * DTLZ2 with three objectives (Deb, Thiele, Laumanns, Zitzler 2002, "Scalable multi-objective optimization test problems"):
 * the front is an eighth of the unit sphere; the distances blow it up by 1 + g.
 */
export function dtlz2(name: string, summary: string, at: readonly [Variable, Variable], distances: readonly Variable[]): Problem {
  const space = spaceOf([...at, ...distances]);
  const positions = at.map(({ parameters }) => {
    const { domain } = parameters[0]!;
    return domain.kind === 'choice' ? domain.values.map(Number) : Array.from({ length: samples + 1 }, (_, i) => i / samples);
  });
  const continuous = at.every(({ parameters }) => parameters[0]!.domain.kind === 'range');
  return {
    name,
    summary,
    space,
    goal,
    keyOf: planKeyOf(space),
    measure: (candidate: Candidate) =>
      sphere(at[0].read(candidate), at[1].read(candidate), 1 + gOf(distances.map(({ read }) => read(candidate)))),
    seconds: () => 1,
    anchors: [],
    front: positions[0]!.flatMap((a) => positions[1]!.map((b) => sphere(a, b, 1))),
    box: { best: { f1: 0, f2: 0, f3: 0 }, worst: { f1: worst, f2: worst, f3: worst } },
    ...(continuous ? { frontVolume: 1 - Math.PI / 6 / worst ** 3 } : {}),
    logScale: [],
  };
}

const gOf = (distances: readonly number[]): number => distances.reduce((sum, distance) => sum + distance ** 2, 0);

function sphere(a: number, b: number, radius: number): Metrics {
  const [alpha, beta] = [(a * Math.PI) / 2, (b * Math.PI) / 2];
  return {
    f1: radius * Math.cos(alpha) * Math.cos(beta),
    f2: radius * Math.cos(alpha) * Math.sin(beta),
    f3: radius * Math.sin(alpha),
  };
}

const discrete = { name: 'dtlz2', summary: `three objectives, a sphere; ${distanceCount + 2} ordered choices` };
const mixed = {
  name: 'dtlz2-mixed',
  summary: 'three objectives, a sphere; numbers, choices, and numbers that depend on a choice',
};

export const dtlzProblems: readonly ProblemDefinition[] = [
  {
    ...discrete,
    create: () =>
      dtlz2(
        discrete.name,
        discrete.summary,
        [position('p1', positionLevels), position('p2', positionLevels)],
        discreteDistances('dtlz2', distanceCount, levels),
      ),
  },
  {
    ...mixed,
    create: () => dtlz2(mixed.name, mixed.summary, [position('p1'), position('p2')], mixedDistances('dtlz2', levels)),
  },
];
