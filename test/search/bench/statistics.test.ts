import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { differenceInterval, mean, median, quantile, ranks } from '../../../src/search/bench/statistics.ts';

describe('statistics', () => {
  it('mean, median and quantiles of known samples', () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    // numpy.quantile([1, 2, 4, 8, 16], [0, 0.1, 0.25, 0.9, 1])
    expect([0, 0.1, 0.25, 0.9, 1].map((part) => quantile([16, 8, 4, 2, 1], part))).toEqual([1, 1.4, 2, 12.8, 16]);
  });

  it('ranks the largest first, equal ones at the mean of their places', () => {
    expect(ranks([0.1, 0.9, 0.5])).toEqual([3, 1, 2]);
    expect(ranks([2, 2, 1, 3])).toEqual([2.5, 2.5, 4, 1]);
  });

  it('an interval of a difference: as wide as theory says, around the difference, and the same again', () => {
    const rng = createRng('samples');
    const a = Array.from({ length: 50 }, () => 1 + rng.normal());
    const b = Array.from({ length: 50 }, () => rng.normal());
    const { low, high } = differenceInterval(a, b);
    expect(low).toBeLessThan(mean(a) - mean(b));
    expect(high).toBeGreaterThan(mean(a) - mean(b));
    // 2 · 1.96 · √(1/50 + 1/50), for samples whose deviation is near 1.
    expect(high - low).toBeGreaterThan(0.6);
    expect(high - low).toBeLessThan(1);
    expect(differenceInterval(a, b)).toEqual({ low, high });
    expect(differenceInterval([1, 1], [1, 1])).toEqual({ low: 0, high: 0 });
  });
});
