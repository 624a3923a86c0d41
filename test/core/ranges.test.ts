import { expect, it } from 'vitest';
import { rangesOf } from '../../src/core/ranges.ts';
import type { Trial } from '../../src/core/trial.ts';

const measured = (details: object): Trial =>
  ({ number: 1, state: 'done', metrics: { accuracy: 0.8, latencyMs: 1, size: 10 }, details }) as unknown as Trial;

it('gives an accuracy one standard error of a share of so many images', () => {
  const { accuracy } = rangesOf(measured({ validation: { images: 1600 } }), undefined);
  expect(accuracy![0]).toBeCloseTo(0.79, 12);
  expect(accuracy![1]).toBeCloseTo(0.81, 12);
});

it('gives it the deviation of trainings with other seeds, where there are two', () => {
  const trial = measured({ validation: { images: 1600 } });
  const { accuracy } = rangesOf(trial, [{ accuracy: 0.7 }, { accuracy: 0.9 }]);
  expect(accuracy![0]).toBeCloseTo(0.8 - Math.sqrt(0.02), 12);
  expect(accuracy![1]).toBeCloseTo(0.8 + Math.sqrt(0.02), 12);
  expect(rangesOf(trial, [{ accuracy: 0.7 }])).toEqual(rangesOf(trial, undefined));
});

it('says of latency what was stated, and of anything else nothing', () => {
  const latency = { lowMs: 0.9, highMs: 1.2, ratioLow: 0.4, ratioHigh: 0.6 };
  expect(rangesOf(measured({ latency }), undefined)).toEqual({ latencyMs: [0.9, 1.2], latencyRatio: [0.4, 0.6] });
  expect(rangesOf({ ...measured({}), state: 'waiting' } as unknown as Trial, undefined)).toEqual({});
});
