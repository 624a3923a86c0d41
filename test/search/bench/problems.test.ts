import { describe, expect, it } from 'vitest';
import { losses, violation } from '../../../src/core/objective.ts';
import { createRng } from '../../../src/core/rng.ts';
import { compressionProblem } from '../../../src/search/bench/compression.ts';
import { dtlz2 } from '../../../src/search/bench/dtlz.ts';
import { problems } from '../../../src/search/bench/index.ts';
import type { Problem } from '../../../src/search/bench/problem.ts';
import { nonDominatedMetrics, yardstick } from '../../../src/search/bench/quality.ts';
import { discreteDistances, mixedDistances, position } from '../../../src/search/bench/variables.ts';
import { zdtFunctions, zdtProblem } from '../../../src/search/bench/zdt.ts';
import { check } from '../../../src/search/space/check.ts';
import { enumerate } from '../../../src/search/space/count.ts';
import { sample } from '../../../src/search/space/sample.ts';
import { dominates } from '../../../src/search/study/losses.ts';

const drawn = (problem: Problem, count: number) => {
  const rng = createRng('test', problem.name);
  return Array.from({ length: count }, () => sample(problem.space, rng));
};

describe.each(problems)('problem $name', (definition) => {
  const { name, summary } = definition;
  const problem = definition.create();

  it('names itself, every objective and constraint, and the box', () => {
    expect({ name: problem.name, summary: problem.summary }).toEqual({ name, summary });
    const metrics = problem.measure(drawn(problem, 1)[0]!);
    for (const { metric } of [...problem.goal.objectives, ...problem.goal.constraints]) expect(metrics).toHaveProperty(metric);
    for (const { metric } of problem.goal.objectives) expect(problem.box.best[metric]).not.toBe(problem.box.worst[metric]);
    for (const metric of problem.logScale) expect(problem.goal.objectives.map((objective) => objective.metric)).toContain(metric);
  });

  it('has a front that no candidate goes beyond, inside its box', () => {
    const { objectives, constraints } = problem.goal;
    const front = problem.front.map((metrics) => losses(metrics, objectives));
    const feasible = drawn(problem, 200)
      .map(problem.measure)
      .filter((metrics) => violation(metrics, constraints) === 0);
    const points = feasible.map((metrics) => losses(metrics, objectives));
    expect(points.flat().every(Number.isFinite)).toBe(true);
    expect(points.filter((point) => front.some((best) => dominates(point, best)))).toEqual([]);
    const reached = yardstick(problem).curve(feasible).at(-1) ?? 0;
    expect(reached).toBeLessThan(1);
    expect(problem.front.every((metrics) => violation(metrics, constraints) === 0)).toBe(true);
  });

  it('keeps what it says of candidates: metrics known before, time, anchors of its space', () => {
    for (const candidate of [...drawn(problem, 20), ...problem.anchors]) {
      check(problem.space, candidate);
      expect(problem.measure(candidate)).toMatchObject(problem.predict?.(candidate) ?? {});
      expect(problem.seconds(candidate)).toBeGreaterThan(0);
    }
    expect(new Set(problem.anchors.map(problem.keyOf)).size).toBe(problem.anchors.length);
  });
});

const measureAll = (problem: Problem) => [...enumerate(problem.space)].map(problem.measure);

/** Volumes are compared, not points: rounding may tell equal points apart. */
function expectTrueFront(problem: Problem): void {
  const all = measureAll(problem);
  const { curve } = yardstick(problem);
  expect(curve(all).at(-1)).toBeCloseTo(1, 9);
  expect(curve(problem.front).at(-1)).toBeCloseTo(1, 9);
}

describe('fronts of small versions, against every candidate', () => {
  it.each(zdtFunctions)('$name', (zdt) => {
    expectTrueFront(zdtProblem('small', '', zdt, position('x0', 11), discreteDistances('small', 3, 5)));
  });

  it('dtlz2', () => {
    expectTrueFront(dtlz2('small', '', [position('p1', 5), position('p2', 5)], discreteDistances('small', 2, 5)));
  });

  it('compression, free and constrained', () => {
    const free = compressionProblem('small', '', 3, []);
    expectTrueFront(free);
    expect(nonDominatedMetrics(measureAll(free), free.goal)).toHaveLength(free.front.length);
    const sizes = free.front.map(({ size }) => size!);
    const bound = sizes[Math.floor(sizes.length / 2)]!;
    expectTrueFront(compressionProblem('small', '', 3, [{ metric: 'size', op: '<=', bound }]));
  });

  it('continuous ones by their formulas', () => {
    const mixed = (name: string) => problems.find((problem) => problem.name === name)!.create();
    // ZDT1: the area over 1 − √f1 up to (1.1, 10) is 1.1·10 − 1/3 − 0.1·0 … of a box of 11.
    expect(yardstick(mixed('zdt1-mixed')).best).toBeCloseTo((11 - 1 / 3) / 11, 3);
    expect(yardstick(mixed('zdt2-mixed')).best).toBeCloseTo((11 - 2 / 3) / 11, 3);
    const sphere = mixed('dtlz2-mixed');
    const { frontVolume: formula, ...sampled } = sphere;
    expect(yardstick(sampled).best).toBeLessThan(formula!);
    expect(yardstick(sampled).best).toBeGreaterThan(formula! - 0.02);
  });
});

describe('variables', () => {
  it('reach 0, and the optimum is not at an edge of them all', () => {
    const variables = discreteDistances('variables', 9, 11);
    const best = variables.map(({ parameters, read }) => {
      const { name, domain } = parameters[0]!;
      const values = domain.kind === 'choice' ? domain.values : [];
      const distances = values.map((value) => read({ [name]: value }));
      expect(Math.min(...distances)).toBe(0);
      expect(Math.max(...distances)).toBeLessThanOrEqual(1);
      return distances.indexOf(0);
    });
    expect(best.filter((index) => index > 0 && index < 10).length).toBeGreaterThan(4);
  });

  it('that hang on a choice mean nothing without it', () => {
    const problem = problems.find(({ name }) => name === 'zdt1-mixed')!.create();
    const candidate = { ...drawn(problem, 1)[0]!, 'x8/branch.kind': 'off' };
    const other = { ...candidate, 'x8/branch.amount': 0.123 };
    expect(problem.keyOf(other)).toBe(problem.keyOf(candidate));
    expect(problem.measure(other)).toEqual(problem.measure(candidate));
    const on = { ...candidate, 'x8/branch.kind': 'a' };
    expect(problem.keyOf(on)).not.toBe(problem.keyOf({ ...on, 'x8/branch.amount': 0.123 }));
    expect(mixedDistances('x', 5)).toHaveLength(9);
  });
});
