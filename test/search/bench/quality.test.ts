import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { compare } from '../../../src/search/bench/compare.ts';
import { compressionProblem } from '../../../src/search/bench/compression.ts';
import { minimizeBoth, type Problem } from '../../../src/search/bench/problem.ts';
import { nonDominatedMetrics, yardstick } from '../../../src/search/bench/quality.ts';
import { mean } from '../../../src/search/bench/statistics.ts';
import { uniformExpectation } from '../../../src/search/bench/uniform.ts';
import { enumerate } from '../../../src/search/space/count.ts';

const problem: Problem = {
  name: 'corner',
  summary: '',
  space: { parameters: [], fixed: { recipe: {}, techniques: {} } },
  goal: minimizeBoth,
  keyOf: () => '',
  measure: () => ({ f1: 0, f2: 0 }),
  seconds: () => 1,
  anchors: [],
  front: [
    { f1: 0, f2: 5 },
    { f1: 5, f2: 0 },
  ],
  box: { best: { f1: 0, f2: 0 }, worst: { f1: 10, f2: 10 } },
  logScale: [],
};

describe('yardstick', () => {
  it('measures the part of the true front that is found, trial by trial', () => {
    const { best, curve } = yardstick(problem);
    expect(best).toBeCloseTo(0.75);
    const trials = [{ f1: 20, f2: 0 }, undefined, { f1: 5, f2: 5 }, { f1: 0, f2: 5 }, { f1: 6, f2: 6 }, { f1: 5, f2: 0 }];
    expect(curve(trials).map((value) => Number(value.toFixed(6)))).toEqual([0, 0, 0.333333, 0.666667, 0.666667, 1]);
  });

  it('takes nothing from trials that miss a constraint', () => {
    const goal = { ...minimizeBoth, constraints: [{ metric: 'f1', op: '>=' as const, bound: 4 }] };
    expect(
      yardstick({ ...problem, goal })
        .curve([
          { f1: 0, f2: 5 },
          { f1: 5, f2: 0 },
        ])
        .map((value) => value.toFixed(3)),
    ).toEqual(['0.000', '0.667']);
  });

  it('measures sizes by their logarithm where asked', () => {
    const box = { best: { f1: 1, f2: 0 }, worst: { f1: 100, f2: 1 } };
    const sized = { ...problem, box, front: [{ f1: 1, f2: 0 }], logScale: ['f1'] };
    expect(yardstick(sized, 'log').curve([{ f1: 10, f2: 0 }])[0]).toBeCloseTo(0.5);
    expect(yardstick(sized, 'linear').curve([{ f1: 10, f2: 0 }])[0]).toBeCloseTo(90 / 99);
  });

  it('keeps the front of many points, equal ones once', () => {
    const points = [
      [3, 1],
      [1, 3],
      [2, 2],
      [2, 2],
      [3, 3],
      [1, 4],
    ].map(([f1, f2]) => ({ f1: f1!, f2: f2! }));
    expect(nonDominatedMetrics(points, minimizeBoth)).toEqual([
      { f1: 1, f2: 3 },
      { f1: 2, f2: 2 },
      { f1: 3, f2: 1 },
    ]);
  });
});

describe('uniform expectation', () => {
  const small = compressionProblem('small', '', 2, []);

  it.each(['linear', 'log'] as const)('is what draws without repeats give on average, %s', (scale) => {
    const all = [...enumerate(small.space)].map(small.measure);
    const exact = uniformExpectation(small, 20, scale)!;
    const { curve } = yardstick(small, scale);
    const rng = createRng('uniform', scale);
    const curves = Array.from({ length: 400 }, () => curve(rng.shuffle(all).slice(0, 20)));
    for (const trial of [0, 4, 19]) expect(mean(curves.map((values) => values[trial]!))).toBeCloseTo(exact[trial]!, 1.7);
    expect(uniformExpectation(small, all.length, scale)!.at(-1)).toBeCloseTo(1, 6);
  });

  it('is not counted for large spaces, nor for three objectives', () => {
    expect(uniformExpectation(compressionProblem('large', '', 4, []), 5, 'log')).toBeUndefined();
  });
});

describe('compare', () => {
  const found = { f1: 5, f2: 0 };
  const runs = [
    {
      searcher: 'random',
      seeds: [
        [undefined, found],
        [undefined, undefined],
      ],
    },
    { searcher: 'good', seeds: [[found, { f1: 0, f2: 5 }], [found]] },
  ];

  it('scores, ranks and bounds, best first', () => {
    const { scores } = compare(problem, runs, 'linear', 2, 'random');
    expect(scores.map(({ searcher }) => searcher)).toEqual(['good', 'random']);
    const [good, random] = scores;
    expect(good!.finals.map((value) => Number(value.toFixed(3)))).toEqual([1, 0.667]);
    expect(good!.regret).toBeCloseTo(1 - (1 + 2 / 3) / 2);
    expect(good!.rank).toBe(1);
    expect(random!.rank).toBe(2);
    expect(random!.area).toBeCloseTo(1 / 3 / 2);
    expect(random!.againstReference).toBeUndefined();
    expect(good!.againstReference!.low).toBeGreaterThanOrEqual(0);
    expect(good!.againstReference!.high).toBeGreaterThan(0.5);
    expect(good!.curve.median).toHaveLength(2);
  });
});
