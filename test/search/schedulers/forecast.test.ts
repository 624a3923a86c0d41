import { describe, expect, it } from 'vitest';
import type { Goal } from '../../../src/core/objective.ts';
import { Forecast } from '../../../src/search/schedulers/forecast.ts';
import { fitLinear } from '../../../src/search/schedulers/linear.ts';

const goal: Goal = {
  objectives: [
    { metric: 'accuracy', direction: 'maximize' },
    { metric: 'size', direction: 'minimize' },
  ],
  constraints: [{ metric: 'accuracy', op: '>=', bound: 0.8 }],
};

describe('forecast', () => {
  /** Large networks gain more: 0.1 and a hundredth for each doubling. */
  function learned(count: number) {
    const forecast = new Forecast(goal, 2, new Set(['size']));
    for (let trial = 0; trial < count; trial++) {
      const [accuracy, size] = [0.6 + (trial % 3) / 50, 2 ** trial];
      forecast.add(trial, 0, { accuracy, size });
      forecast.add(trial, 1, { accuracy: accuracy + 0.1 + trial / 100, size });
    }
    return forecast;
  }

  it('says nothing before enough trials went on', () => {
    expect(learned(4).knows(0)).toBe(false);
    expect(learned(5).knows(0)).toBe(true);
    expect(learned(0).knows(1)).toBe(true);
  });

  it('foretells the end from what was measured, exactly where training changes nothing', () => {
    const ends = learned(40).of(0, { accuracy: 0.62, size: 2 ** 20 })!;
    expect(ends.expected[0]).toBeCloseTo(-0.92, 2);
    expect(ends.expected[1]).toBe(Math.log(2 ** 20));
    expect(ends.hoped[1]).toBe(ends.expected[1]);
    expect(ends.hoped[0]).toBeLessThan(ends.expected[0]!);
  });

  it('says who will miss the constraints even so, and nothing of a trial that lacks a metric', () => {
    const forecast = learned(40);
    expect(forecast.of(0, { accuracy: 0.62, size: 2 ** 20 })!.infeasible).toBe(false);
    expect(forecast.of(0, { accuracy: 0.4, size: 2 ** 20 })!.infeasible).toBe(true);
    expect(forecast.of(0, { accuracy: 0.62 })).toBeUndefined();
  });
});

it('a linear fit shrinks slopes like one more observation, and keeps the mean', () => {
  const inputs = [[0], [1], [2], [3]];
  const { at, deviation } = fitLinear(inputs, [1, 3, 5, 7]);
  expect(at([1.5])).toBeCloseTo(4);
  expect(at([3]) - at([2])).toBeCloseTo((2 * 4) / 5);
  expect(deviation).toBeGreaterThan(0);
  expect(fitLinear([[7], [7]], [1, 3]).at([7])).toBe(2);
});
