import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { subsetOfMostVolume } from '../../../src/search/controllers/tpe/subset.ts';
import { hypervolume } from '../../../src/search/study/hypervolume.ts';
import type { Losses } from '../../../src/search/study/losses.ts';

/** By looking at every point in every round. */
function plainGreedy(points: readonly Losses[], count: number, reference: Losses): number[] {
  const taken: number[] = [];
  while (taken.length < Math.min(count, points.length)) {
    const volumeWith = (place: number) =>
      hypervolume(
        [...taken, place].map((i) => points[i]!),
        reference,
      );
    const open = points.map((_, place) => place).filter((place) => !taken.includes(place));
    taken.push(open.reduce((a, b) => (volumeWith(b) > volumeWith(a) ? b : a)));
  }
  return taken;
}

const reference = [9, 9, 9];
const pointsOf = (objectives: number) =>
  fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: objectives, maxLength: objectives }), { maxLength: 8 });

describe('the subset of most hypervolume', () => {
  it.each([2, 3])('is that of the plain greedy search, with %d objectives', (objectives) => {
    const bounds = reference.slice(0, objectives);
    const property = fc.property(pointsOf(objectives), fc.nat(8), (points, count) => {
      const found = subsetOfMostVolume(points, count, bounds);
      const volumeOf = (places: readonly number[]) =>
        hypervolume(
          places.map((i) => points[i]!),
          bounds,
        );
      expect(new Set(found).size).toBe(Math.min(count, points.length));
      expect(volumeOf(found)).toBe(volumeOf(plainGreedy(points, count, bounds)));
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('takes what stands alone last where it dominates little', () => {
    const points = [
      [0, 8.9],
      [3, 3],
      [4, 2],
      [8.9, 0],
    ];
    expect(subsetOfMostVolume(points, 2, [9, 9])).toEqual([1, 2]);
  });
});
