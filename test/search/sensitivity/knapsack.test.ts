import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/core/candidate.ts';
import { allocate, spaced } from '../../../src/search/sensitivity/knapsack.ts';
import type { Sensitivity } from '../../../src/search/sensitivity/measure.ts';
import { probesOf, undisturbed } from '../../../src/search/sensitivity/probes.ts';
import { check } from '../../../src/search/space/check.ts';
import { enumerate } from '../../../src/search/space/count.ts';
import { dominates } from '../../../src/search/study/losses.ts';
import { compressionProblem } from '../../fixtures/compression-problem.ts';

/** What probing would find in a network that is a formula: losses add up, sizes are exact. */
function problem(layers: number) {
  const { space, keyOf, measure } = compressionProblem(layers);
  const base = undisturbed(space);
  const lossOf = (candidate: Candidate) => 1 - measure(candidate)['accuracy']!;
  const metricsOf = (candidate: Candidate) => ({ ...measure(candidate), loss: lossOf(candidate) });
  const probes = probesOf(space, keyOf).map((probe) => ({ ...probe, metrics: metricsOf(probe.candidate) }));
  const sensitivity: Sensitivity = { base: metricsOf(base), probes, images: 1, seconds: 0, workerSeconds: 0 };
  const costOf = (candidate: Candidate) => measure(candidate)['size']!;
  return { space, keyOf, base, sensitivity, costOf, lossOf };
}

describe('the path of the knapsack', () => {
  const { space, keyOf, base, sensitivity, costOf, lossOf } = problem(3);
  const path = allocate({ sensitivity, base, costOf });

  it('goes from the dense network to smaller and smaller candidates of the space', () => {
    expect(path[0]).toEqual({ candidate: base, cost: costOf(base), loss: 0 });
    for (const [i, { candidate, cost, loss }] of path.entries()) {
      check(space, candidate);
      expect(cost).toBe(costOf(candidate));
      if (i > 0) expect(cost).toBeLessThan(path[i - 1]!.cost);
      // Losses add up in this problem, so the estimate is the truth.
      expect(loss).toBeCloseTo(lossOf(candidate) - lossOf(base), 3);
    }
  });

  it('holds hardly anything that one of all candidates beats', () => {
    const points = (candidate: Candidate) => [costOf(candidate), lossOf(candidate)];
    const all = [...enumerate(space)].map(points);
    for (const { candidate, loss } of path) {
      const [cost, own] = points(candidate) as [number, number];
      const better = all.filter((other) => dominates(other, [cost, own]));
      const best = Math.min(own, ...better.map(([, lost]) => lost!));
      expect(own - best).toBeLessThanOrEqual(0.15 * loss + 1e-4);
    }
  });

  it('ends where nothing saves any more, also where savings depend on each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 3, noNaN: true }), (exponent) => {
        const bent = (candidate: Candidate) => costOf(candidate) ** exponent + (candidate['layer0/quantize.bits'] === 8 ? 50 : 0);
        const found = allocate({ sensitivity, base, costOf: bent });
        expect(found.length).toBeGreaterThan(3);
        for (const [i, { cost }] of found.entries()) if (i > 0) expect(cost).toBeLessThan(found[i - 1]!.cost);
      }),
      { seed: 5, numRuns: 20 },
    );
  });

  it('is empty where costs are not known, and leaves failed probes out', () => {
    expect(allocate({ sensitivity, base, costOf: () => undefined })).toEqual([]);
    const failed = probesOf(space, keyOf).map((probe) => ({ ...probe, failure: 'DIVERGED' }));
    expect(allocate({ sensitivity: { ...sensitivity, probes: failed }, base, costOf })).toHaveLength(1);
  });

  it('is taken at even ratios of the cost, under a bound where there is one', () => {
    const points = spaced(path, 5);
    expect(points.length).toBeGreaterThan(2);
    expect(points).not.toContain(path[0]);
    expect(points).not.toContain(path.at(-1));
    const bound = path[Math.floor(path.length / 2)]!.cost;
    for (const { cost } of spaced(path, 5, bound)) expect(cost).toBeLessThanOrEqual(bound);
    expect(spaced(path, 5, 1)).toEqual([]);
  });
});
