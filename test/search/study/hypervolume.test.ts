import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { hypervolume, Staircase } from '../../../src/search/study/hypervolume.ts';
import type { Losses } from '../../../src/search/study/losses.ts';

const coordinate = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 12, noNaN: true }));
const pointsOf = (objectives: number, maxLength: number) =>
  fc.array(fc.array(coordinate, { minLength: objectives, maxLength: objectives }), { maxLength });

/** The union of boxes by inclusion and exclusion: 2^n terms, each the box that some points share. */
function byInclusionExclusion(points: readonly Losses[], reference: Losses): number {
  let volume = 0;
  for (let subset = 1; subset < 2 ** points.length; subset++) {
    const members = points.filter((_, i) => subset & (1 << i));
    const sides = reference.map((bound, k) => Math.max(0, bound - Math.max(...members.map((point) => point[k]!))));
    volume += sides.reduce((product, side) => product * side, members.length % 2 === 1 ? 1 : -1);
  }
  return volume;
}

describe('hypervolume', () => {
  it('of one point is its box', () => {
    expect(hypervolume([[1, 2, 3]], [2, 4, 6])).toBe(1 * 2 * 3);
    expect(hypervolume([[1], [0.5]], [2])).toBe(1.5);
  });

  it.each([1, 2, 3, 4, 5])('in %i dimensions is that of the union of the boxes', (objectives) => {
    fc.assert(
      fc.property(pointsOf(objectives, 7), (points) => {
        const reference = Array.from({ length: objectives }, () => 10);
        const expected = byInclusionExclusion(points, reference);
        expect(Math.abs(hypervolume(points, reference) - expected)).toBeLessThanOrEqual(1e-9 * 12 ** objectives);
      }),
    );
  });

  it.each([2, 3, 4])('in %i dimensions agrees with sampling for many points', (objectives) => {
    const rng = createRng('hypervolume', objectives);
    const vector = () => Array.from({ length: objectives }, () => rng.uniform());
    const points = Array.from({ length: 40 }, vector);
    const samples = 20_000;
    let hits = 0;
    for (let i = 0; i < samples; i++) {
      const sample = vector();
      if (points.some((point) => point.every((loss, k) => loss <= sample[k]!))) hits++;
    }
    // Four standard deviations of the estimate.
    expect(Math.abs(hypervolume(points, vector().fill(1)) - hits / samples)).toBeLessThan(4 * Math.sqrt(0.25 / samples));
  });

  it('does not depend on the order, and never shrinks with another point', () => {
    fc.assert(
      fc.property(pointsOf(4, 8), pointsOf(4, 1), (points, more) => {
        const reference = [10, 10, 10, 10];
        const volume = hypervolume(points, reference);
        expect(hypervolume(points.toReversed(), reference)).toBeCloseTo(volume, 6);
        expect(hypervolume([...points, ...more], reference)).toBeGreaterThanOrEqual(volume - 1e-9);
      }),
    );
  });

  it('takes no notice of points outside the reference, or without a value', () => {
    const outside = [
      [2, 0],
      [0, 1],
      [Number.NaN, 0],
      [Number.POSITIVE_INFINITY, 0],
    ];
    expect(hypervolume(outside, [1, 1])).toBe(0);
    expect(hypervolume([...outside, [0.5, 0.5]], [1, 1])).toBe(0.25);
    expect(hypervolume([], [1, 1, 1])).toBe(0);
    expect(hypervolume([[Number.NEGATIVE_INFINITY, 0]], [1, 1])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('staircase', () => {
  it('grows by the gain of every point, and ends at the hypervolume', () => {
    fc.assert(
      fc.property(pointsOf(2, 30), (points) => {
        const staircase = new Staircase(10, 10);
        for (const [i, point] of points.entries()) {
          const before = staircase.area;
          const gain = staircase.insert(point[0]!, point[1]!);
          expect(gain).toBeGreaterThanOrEqual(0);
          expect(staircase.area).toBe(before + gain);
          if (i < 7) expect(staircase.area).toBeCloseTo(byInclusionExclusion(points.slice(0, i + 1), [10, 10]), 6);
        }
        expect(staircase.area).toBeCloseTo(hypervolume(points.toReversed(), [10, 10]), 6);
      }),
    );
  });
});
