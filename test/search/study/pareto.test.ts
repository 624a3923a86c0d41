import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { dominates, type Losses } from '../../../src/search/study/losses.ts';
import { crowdingDistances, nonDominatedRanks, ParetoArchive } from '../../../src/search/study/pareto.ts';

/** Few distinct values, so that equal and partly equal points are common. */
const loss = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Number.POSITIVE_INFINITY));
const points = (objectives: number) =>
  fc.array(fc.array(loss, { minLength: objectives, maxLength: objectives }), { minLength: 1, maxLength: 40 });
const somePoints = fc.integer({ min: 1, max: 4 }).chain(points);

/** The definition: peel the front off until nothing is left. */
function ranksByPeeling(all: readonly Losses[]): number[] {
  const ranks = all.map(() => -1);
  for (let rank = 0; ranks.includes(-1); rank++) {
    const left = all.map((_, i) => i).filter((i) => ranks[i] === -1);
    for (const i of left.filter((i) => !left.some((j) => dominates(all[j]!, all[i]!)))) ranks[i] = rank;
  }
  return ranks;
}

describe('dominance', () => {
  it('needs to be nowhere worse and somewhere better', () => {
    expect(dominates([1, 2], [1, 3])).toBe(true);
    expect(dominates([1, 2], [1, 2])).toBe(false);
    expect(dominates([0, 3], [1, 2])).toBe(false);
  });

  it('is a strict order', () => {
    fc.assert(
      fc.property(points(3), (all) => {
        const [a, b, c] = [all[0]!, all[all.length >> 1]!, all.at(-1)!];
        if (dominates(a, b)) expect(dominates(b, a)).toBe(false);
        if (dominates(a, b) && dominates(b, c)) expect(dominates(a, c)).toBe(true);
      }),
    );
  });
});

describe('non-domination ranks', () => {
  it('are those of peeling front after front', () => {
    fc.assert(
      fc.property(somePoints, (all) => {
        expect(nonDominatedRanks(all)).toEqual(ranksByPeeling(all));
      }),
    );
  });

  it('put the four points right that a known sorter puts wrong', () => {
    expect(nonDominatedRanks([[3], [1], [2], [4]])).toEqual([2, 0, 1, 3]);
  });

  it('hold for many points', () => {
    const rng = createRng('ranks');
    const all = Array.from({ length: 500 }, () => [rng.uniform(), rng.uniform()]);
    expect(nonDominatedRanks(all)).toEqual(ranksByPeeling(all));
  });

  it('take NaN for infinitely bad', () => {
    expect(
      nonDominatedRanks([
        [1, Number.NaN],
        [1, 5],
        [2, Number.NaN],
      ]),
    ).toEqual([1, 0, 2]);
  });
});

describe('crowding distances', () => {
  it('are the gaps between the neighbours, relative to the range', () => {
    const distances = crowdingDistances([
      [0, 10],
      [1, 6],
      [4, 5],
      [10, 0],
    ]);
    expect(distances).toEqual([Number.POSITIVE_INFINITY, 0.4 + 0.5, 0.9 + 0.6, Number.POSITIVE_INFINITY]);
  });

  it('are never NaN', () => {
    fc.assert(
      fc.property(somePoints, (all) => {
        expect(crowdingDistances(all).some(Number.isNaN)).toBe(false);
      }),
    );
    expect(crowdingDistances([])).toEqual([]);
  });
});

describe('Pareto archive', () => {
  const insertAll = (all: readonly Losses[], violations: readonly number[] = []) => {
    const archive = new ParetoArchive<number>();
    const entered = all.map((losses, value) => archive.insert({ losses, violation: violations[value] ?? 0, value }));
    return { archive, entered, values: archive.front().map(({ value }) => value) };
  };

  it('holds exactly the points of rank 0', () => {
    fc.assert(
      fc.property(somePoints, (all) => {
        const { values, entered } = insertAll(all);
        const front = nonDominatedRanks(all).flatMap((rank, i) => (rank === 0 ? [i] : []));
        expect([...values].sort((a, b) => a - b)).toEqual(front);
        for (const i of front) expect(entered[i]).toBe(true);
      }),
    );
  });

  it('takes no infeasible point, and shows the nearest miss while there is no other', () => {
    const { archive, entered } = insertAll([[1], [2], [3]], [0.5, 0.2, 0.3]);
    expect(entered).toEqual([false, false, false]);
    expect(archive.front()).toEqual([]);
    expect(archive.leastViolating()?.value).toBe(1);
    archive.insert({ losses: [9], violation: 0, value: 3 });
    expect(archive.front().map(({ value }) => value)).toEqual([3]);
    expect(archive.leastViolating()).toBeUndefined();
  });

  it('takes no point with a missing loss', () => {
    expect(insertAll([[Number.NaN, 0]]).entered).toEqual([false]);
  });
});
