import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../../src/core/candidate.ts';
import type { Constraint } from '../../../src/core/objective.ts';
import { createRng } from '../../../src/core/rng.ts';
import { check } from '../../../src/search/space/check.ts';
import { sample } from '../../../src/search/space/sample.ts';
import type { Space } from '../../../src/search/space/space.ts';
import { Feasibility } from '../../../src/search/study/feasibility.ts';
import { compressionProblem } from '../../fixtures/compression-problem.ts';

const { space, measure } = compressionProblem(6);
const sizeOf = (candidate: Candidate) => measure(candidate)['size']!;
const feasibility = (constraints: readonly Constraint[], predict = (candidate: Candidate) => ({ size: sizeOf(candidate) })) =>
  new Feasibility({ space, constraints, predict });
const atMost = (bound: number) => feasibility([{ metric: 'size', op: '<=', bound }]);
const uniform = (keep: number, bits: number): Candidate => {
  const settings: Candidate = { keep, bits, importance: 'l2' };
  return Object.fromEntries(space.parameters.map(({ name }) => [name, settings[name.split('.')[1]!]!]));
};
const [smallest, largest] = [uniform(0.25, 4), uniform(1, 32)];

describe('feasibility', () => {
  it('finds the candidate that misses least: the smallest', () => {
    const found = atMost(10).nearestToFeasible();
    expect(sizeOf(found)).toBe(sizeOf(smallest));
  });

  it('says what is missed, and by what', () => {
    const bound = sizeOf(largest) - 1;
    const [miss, ...others] = atMost(bound).misses(largest);
    expect(miss).toEqual({ constraint: { metric: 'size', op: '<=', bound }, value: sizeOf(largest) });
    expect(others).toEqual([]);
    expect(atMost(bound).misses(smallest)).toEqual([]);
  });

  it('leaves a candidate alone that keeps the constraints, and one of which nothing is known', () => {
    const candidate = uniform(0.5, 8);
    expect(atMost(1e9).repair(candidate)).toBe(candidate);
    const blind = feasibility([{ metric: 'size', op: '<=', bound: 1 }], () => ({}) as { size: number });
    expect(blind.repair(candidate)).toBe(candidate);
    const other = feasibility([{ metric: 'accuracy', op: '>=', bound: 1 }]);
    expect(other.repair(candidate)).toBe(candidate);
  });

  it('gives up where no candidate keeps them', () => {
    expect(atMost(sizeOf(smallest) - 1).repair(largest)).toBeUndefined();
    expect(atMost(sizeOf(smallest)).repair(largest)).toEqual({
      ...smallest,
      ...importances(atMost(sizeOf(smallest)).repair(largest)!),
    });
  });

  it('repairs any candidate to one of the space that keeps the bound, and no further than it must', () => {
    const bounds = fc.double({ min: sizeOf(smallest), max: sizeOf(largest), noNaN: true });
    fc.assert(
      fc.property(fc.string(), bounds, (seed, bound) => {
        const candidate = sample(space, createRng(seed));
        const repaired = atMost(bound).repair(candidate)!;
        check(space, repaired);
        expect(sizeOf(repaired)).toBeLessThanOrEqual(bound);
        // Any single parameter put back breaks the bound again.
        for (const { name } of space.parameters) {
          if (repaired[name] === candidate[name]) continue;
          expect(sizeOf({ ...repaired, [name]: candidate[name]! })).toBeGreaterThan(bound);
        }
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('keeps a bound from below too, and works along ranges', () => {
    const range: Space = {
      parameters: [{ name: 'x', domain: { kind: 'range', min: 0, max: 10 }, target: { kind: 'recipe', key: 'x' } }],
      fixed: { recipe: {}, techniques: {} },
    };
    const predict = ({ x }: Candidate) => ({ params: Number(x) * 2 });
    const constraints: Constraint[] = [{ metric: 'params', op: '>=', bound: 7 }];
    const { x } = new Feasibility({ space: range, constraints, predict }).repair({ x: 0 })!;
    expect(x).toBeGreaterThanOrEqual(3.5);
    expect(x).toBeLessThan(3.7);
  });
});

const importances = (candidate: Candidate) =>
  Object.fromEntries(Object.entries(candidate).filter(([name]) => name.endsWith('importance')));
