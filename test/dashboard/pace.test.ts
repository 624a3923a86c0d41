import { describe, expect, it } from 'vitest';
import { pace, timeLeft } from '../../src/dashboard/pace.ts';

const every = (ms: number, count: number, from = 0) => Array.from({ length: count }, (_, i) => from + (i + 1) * ms);

describe('pace', () => {
  it.each<[string, number[], number, number | undefined]>([
    ['nothing', [], 1, undefined],
    ['too little', every(100, 3), 1, undefined],
    ['one worker', every(100, 10), 1, 100],
    ['two workers that end together', [100, 101, 200, 201, 300, 301, 400, 401], 2, 50],
    ['a pause of an hour', [...every(100, 10), ...every(100, 10, 3_600_000)], 1, 100],
    ['recent trials that are slower', [...every(10, 200), ...every(100, 60, 2000)], 1, 100],
  ])('from %s', (_, ends, workers, expected) => expect(pace(ends, workers)).toBe(expected));
});

describe('time left', () => {
  it('is unknown at first and 0 at the end', () => {
    expect(timeLeft([], 2, 10, 0)).toBeUndefined();
    expect(timeLeft([], 2, 0, 0)).toBe(0);
  });

  it('counts down between two ends, by one trial at most', () => {
    const ends = every(100, 10);
    expect(timeLeft(ends, 1, 5, 1000)).toBe(500);
    expect(timeLeft(ends, 1, 5, 1060)).toBe(440);
    expect(timeLeft(ends, 1, 5, 9000)).toBe(400);
  });
});
