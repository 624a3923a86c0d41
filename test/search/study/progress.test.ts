import { describe, expect, it } from 'vitest';
import type { Goal, Metrics } from '../../../src/core/objective.ts';
import { duplicatesIn, type Trial, type TrialState } from '../../../src/core/trial.ts';
import {
  frontOf,
  hypervolumeFrame,
  hypervolumeHistory,
  hypervolumeIn,
  nearestMiss,
  secondsLeft,
} from '../../../src/search/study/progress.ts';

const goal: Goal = {
  objectives: [
    { metric: 'accuracy', direction: 'maximize' },
    { metric: 'size', direction: 'minimize' },
  ],
  constraints: [{ metric: 'accuracy', op: '>=', bound: 0.5 }],
};
const trial = (number: number, state: TrialState): Trial => ({ number, candidate: {}, key: `${number}`, origin: 'x', ...state });
const measured = (list: readonly Metrics[]) =>
  list.map((metrics, i) => trial(i, { state: 'done', metrics, seconds: 1, finishedAt: 0 }));

describe('front', () => {
  it('has the feasible trials that none beats, the best of the first objective first', () => {
    const trials = [
      ...measured([
        { accuracy: 0.7, size: 10 },
        { accuracy: 0.9, size: 100 },
        { accuracy: 0.8, size: 200 },
        { accuracy: 0.4, size: 1 },
        { accuracy: 0.9, size: 100 },
      ]),
      trial(5, { state: 'failed', code: 'DIVERGED', message: '', seconds: 1, finishedAt: 0 }),
      trial(6, { state: 'waiting' }),
    ];
    expect(frontOf(trials, goal).map(({ number }) => number)).toEqual([1, 4, 0]);
    expect(nearestMiss(trials, goal)).toBeUndefined();
  });

  it('has a file once: two candidates that first aid made the same are one point', () => {
    const same = measured([
      { accuracy: 0.9, size: 100 },
      { accuracy: 0.9, size: 100 },
      { accuracy: 0.7, size: 10 },
    ]);
    const files = ['a', 'a', 'b'].map((sha256, i) => ({ ...same[i]!, artefact: { sha256, bytes: 1 } }) as Trial);
    expect(frontOf(files, goal).map(({ number }) => number)).toEqual([0, 2]);
    expect([...duplicatesIn(files)]).toEqual([[1, 0]]);
  });

  it('is empty while nothing is feasible: then there is a nearest miss', () => {
    const trials = measured([{ accuracy: 0.3, size: 1 }, { accuracy: 0.45, size: 9 }, { size: 5 }]);
    expect(frontOf(trials, goal)).toEqual([]);
    expect(nearestMiss(trials, goal)?.number).toBe(1);
  });
});

describe('hypervolume of a study', () => {
  const fixed = [
    { accuracy: 0.9, size: 1000 },
    { accuracy: 0.5, size: 10 },
  ];
  const frame = hypervolumeFrame(fixed, goal.objectives, new Set(['size']))!;

  it('is measured between the best and the worst of the fixed trials, sizes by their logarithm', () => {
    expect(hypervolumeIn(frame, [{ accuracy: 0.9, size: 10 }])).toBeCloseTo(1.1 * 1.1);
    expect(hypervolumeIn(frame, [{ accuracy: 0.9, size: 100 }])).toBeCloseTo(1.1 * 0.6);
    expect(hypervolumeIn(frame, fixed)).toBeCloseTo(0.1 * 1.1 * 2 - 0.01);
    expect(hypervolumeIn(frame, [{ accuracy: 0.9 }])).toBe(0);
  });

  it('grows with the trials that improve it', () => {
    const trials = measured([...fixed, { accuracy: 0.6, size: 2000 }, { accuracy: 0.8, size: 100 }, { accuracy: 0.3, size: 1 }]);
    const history = hypervolumeHistory(trials, goal, frame);
    expect(history.map(({ trial }) => trial)).toEqual([0, 1, 3]);
    const values = history.map(({ hypervolume }) => hypervolume);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    const front = frontOf(trials, goal).map(({ metrics }) => metrics);
    expect(values.at(-1)).toBeCloseTo(hypervolumeIn(frame, front));
  });

  it('works from a single fixed trial, and not from none', () => {
    const single = hypervolumeFrame([{ accuracy: 0.8, size: 100 }], goal.objectives, new Set(['size']))!;
    expect(hypervolumeIn(single, [{ accuracy: 0.8, size: 100 }])).toBeCloseTo(1.1 * 1.1);
    expect(hypervolumeIn(single, [{ accuracy: 0.8, size: 90 }])).toBeGreaterThan(1.21);
    expect(hypervolumeFrame([{ size: 3 }], goal.objectives)).toBeUndefined();
  });
});

describe('seconds left', () => {
  it('spreads the mean duration over the workers', () => {
    const study = { finishedSeconds: [10, 20, 30], runningSeconds: [5, 40], waiting: 3, slots: 2 };
    expect(secondsLeft(study)).toBe((3 * 20 + 15) / 2);
  });

  it('looks at the last trials only, and knows nothing before the first', () => {
    const finishedSeconds = [...Array(50).fill(1000), ...Array(40).fill(2)];
    expect(secondsLeft({ finishedSeconds, runningSeconds: [], waiting: 10, slots: 1 })).toBe(20);
    expect(secondsLeft({ finishedSeconds: [], runningSeconds: [3], waiting: 10, slots: 1 })).toBeUndefined();
  });
});
