import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Elite, type Evaluated } from '../../../src/search/controllers/elite.ts';
import { crowdingDistances, nonDominatedRanks } from '../../../src/search/study/pareto.ts';

/** With the small ones most points lie below the levels that are kept. */
const sizes = [1, 2, 8];

const results = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 0, 0, 0.1, 0.5)), {
    maxLength: 60,
  })
  .map((list) => list.map(([a, b, violation], trial): Evaluated => ({ trial, candidate: { trial }, losses: [a, b], violation })));

/** The same order from scratch. */
function bestOf(all: readonly Evaluated[], size: number): Evaluated[] {
  const feasible = all.filter(({ violation }) => violation === 0);
  const ranks = nonDominatedRanks(feasible.map(({ losses }) => losses));
  const sorted = [...new Set(ranks)]
    .sort((a, b) => a - b)
    .flatMap((rank) => {
      const level = feasible.filter((_, i) => ranks[i] === rank);
      const distances = crowdingDistances(level.map(({ losses }) => losses));
      const distanceOf = new Map(level.map((entry, i) => [entry, distances[i]!]));
      return [...level].sort((a, b) => (distanceOf.get(a) === distanceOf.get(b) ? 0 : distanceOf.get(b)! - distanceOf.get(a)!));
    });
  const infeasible = all.filter(({ violation }) => violation > 0).sort((a, b) => a.violation - b.violation);
  return [...sorted, ...infeasible].slice(0, size);
}

describe.each(sizes)('elite of %d', (size) => {
  it('is what sorting everything anew would give, after every result', () => {
    fc.assert(
      fc.property(results, (all) => {
        const elite = new Elite(size);
        for (const [i, result] of all.entries()) {
          elite.add(result);
          const members = elite.members().map(({ trial }) => trial);
          expect(members).toEqual(bestOf(all.slice(0, i + 1), size).map(({ trial }) => trial));
        }
      }),
    );
  });

  it('does not depend on when it was looked at', () => {
    fc.assert(
      fc.property(results, (all) => {
        const [often, once] = [new Elite(size), new Elite(size)];
        for (const result of all) {
          often.add(result);
          often.members();
          once.add(result);
        }
        expect(often.members()).toEqual(once.members());
      }),
    );
  });
});
