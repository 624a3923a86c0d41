import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import {
  coefficientOfVariation,
  fewestForInterval,
  intervalRank,
  median,
  medianInterval,
} from '../../../src/network/metrics/statistics.ts';

const values = fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 200 });

/** 1 - 2·P(Bin(n, ½) < rank), by exact whole numbers. */
function exactCoverage(n: number, rank: number): number {
  let term = 1n;
  let below = 0n;
  for (let k = 0n; k < BigInt(rank); k++) {
    below += term;
    term = (term * (BigInt(n) - k)) / (k + 1n);
  }
  return 1 - (2 * Number((below * 10n ** 12n) / 2n ** BigInt(n))) / 1e12;
}

describe('medianInterval', () => {
  it('has the ranks of the tables', () => {
    // Sign-test intervals of at least 95 %, e.g. Conover, Practical Nonparametric Statistics, 3.2.
    expect([6, 8, 9, 12, 20, 25, 30, 50].map(intervalRank)).toEqual([1, 1, 2, 3, 6, 8, 10, 18]);
  });

  it('takes the narrowest ranks that reach 95 %, also where a half to the power of n underflows', () => {
    for (const n of [fewestForInterval, 7, 10, 33, 64, 100, 501, 1074, 1500, 3000]) {
      const rank = intervalRank(n);
      expect(exactCoverage(n, rank)).toBeGreaterThanOrEqual(0.95);
      expect(exactCoverage(n, rank + 1)).toBeLessThan(0.95);
    }
    expect(exactCoverage(5, 1)).toBeLessThan(0.95);
  });

  it('encloses the median, within the values, whatever their order', () => {
    fc.assert(
      fc.property(values, (values) => {
        const { low, middle, high } = medianInterval(values);
        expect(low).toBeLessThanOrEqual(middle);
        expect(middle).toBeLessThanOrEqual(high);
        expect(values).toContain(low);
        expect(values).toContain(high);
        expect(medianInterval(values.toReversed())).toEqual({ low, middle, high });
      }),
    );
  });

  it('moves with monotone maps of the values', () => {
    fc.assert(
      fc.property(values, (values) => {
        const plain = medianInterval(values);
        const scaled = medianInterval(values.map((value) => value * 4));
        expect([scaled.low, scaled.high]).toEqual([plain.low * 4, plain.high * 4]);
      }),
    );
  });

  it.each([
    ['normal', (rng: ReturnType<typeof createRng>) => 1 + 0.1 * rng.normal(), 1],
    ['skewed, as times are', (rng: ReturnType<typeof createRng>) => Math.exp(rng.normal()), 1],
    ['with rare long waits', (rng: ReturnType<typeof createRng>) => rng.uniform() + (rng.uniform() < 0.05 ? 100 : 0), 0.5 / 0.95],
  ])('covers the true median in 95 %% of the samples: %s', (name, draw, truth) => {
    const rng = createRng('coverage', name);
    let covered = 0;
    const trials = 1500;
    for (let i = 0; i < trials; i++) {
      const { low, high } = medianInterval(Array.from({ length: 25 }, () => draw(rng)));
      if (low <= truth && truth <= high) covered++;
    }
    // The exact coverage with 25 values is 95.7 %; three standard errors are 1.6 %.
    expect(covered / trials).toBeGreaterThan(0.941);
    expect(covered / trials).toBeLessThan(0.973);
  });
});

it('median of odd and even counts', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
});

it('coefficientOfVariation is the deviation relative to the mean', () => {
  expect(coefficientOfVariation([9, 11])).toBeCloseTo(Math.SQRT2 / 10, 12);
  expect(coefficientOfVariation([5, 5, 5])).toBe(0);
});
