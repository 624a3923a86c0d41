import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate, Plan } from '../../../src/core/candidate.ts';
import { stableStringify } from '../../../src/core/json.ts';
import { createRng } from '../../../src/core/rng.ts';
import { check } from '../../../src/search/space/check.ts';
import { countCandidates, enumerate } from '../../../src/search/space/count.ts';
import { cross } from '../../../src/search/space/cross.ts';
import { contains, fromUnit, isOrdered, levelCount, levelIndex, levels, toUnit } from '../../../src/search/space/domain.ts';
import { encode } from '../../../src/search/space/encode.ts';
import { mutate } from '../../../src/search/space/mutate.ts';
import { nearest, planOf } from '../../../src/search/space/plan.ts';
import { sample } from '../../../src/search/space/sample.ts';
import type { Domain, Parameter, Space } from '../../../src/search/space/space.ts';
import { anyDomain, anySpace, finiteDomain, smallSpace } from './arbitraries.ts';

const seed = fc.integer({ min: 0, max: 1e6 });

const recipe = (name: string, domain: Domain): Parameter => ({ name, domain, target: { kind: 'recipe', key: name } });
const single = (domain: Domain): Space => ({ parameters: [recipe('x', domain)], fixed: { recipe: {}, techniques: {} } });
const differences = (a: Candidate, b: Candidate) => Object.keys(a).filter((name) => a[name] !== b[name]);

describe('domains', () => {
  it('has the levels that a person would write', () => {
    expect(levels({ kind: 'range', min: 0.1, max: 0.7, step: 0.1 })).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
    expect(levels({ kind: 'range', min: 0, max: 1, step: 0.3 })).toEqual([0, 0.3, 0.6, 0.9]);
    expect(levels({ kind: 'range', min: 2, max: 5, integer: true })).toEqual([2, 3, 4, 5]);
    expect(levels({ kind: 'range', min: 0, max: 1 })).toBeUndefined();
    expect(levelCount({ kind: 'range', min: 3, max: 3 })).toBe(1);
  });

  it('contains its levels and nothing between them', () => {
    fc.assert(
      fc.property(finiteDomain, (domain) => {
        for (const [i, value] of levels(domain)!.entries()) {
          expect(contains(domain, value)).toBe(true);
          expect(levelIndex(domain, value)).toBe(i);
          if (typeof value === 'number') expect(contains(domain, value + 0.01)).toBe(false);
        }
        expect(contains(domain, 'something else')).toBe(false);
      }),
    );
  });

  it('comes back from its unit position', () => {
    fc.assert(
      fc.property(anyDomain.filter(isOrdered), seed, (domain, s) => {
        const { x } = sample(single(domain), createRng(s));
        const back = fromUnit(domain, toUnit(domain, x!));
        if (levelCount(domain) === 'infinite') expect(back).toBeCloseTo(Number(x), 10);
        else expect(back).toBe(x);
      }),
    );
  });

  it('spreads a log range over orders of magnitude', () => {
    const domain: Domain = { kind: 'range', min: 1e-4, max: 1, log: true };
    const rng = createRng('log');
    const values = Array.from({ length: 2000 }, () => Number(sample(single(domain), rng)['x']));
    const below = values.filter((value) => value < 0.01).length;
    expect(below).toBeGreaterThan(900);
    expect(below).toBeLessThan(1100);
  });
});

describe('sample', () => {
  it('gives candidates of the space, the same for the same stream', () => {
    fc.assert(
      fc.property(anySpace, seed, (space, s) => {
        const candidate = sample(space, createRng(s));
        check(space, candidate);
        expect(sample(space, createRng(s))).toEqual(candidate);
      }),
    );
  });

  it('reaches every candidate of a small space evenly', () => {
    const space = { ...single({ kind: 'choice', values: [1, 2, 3], ordered: true }) };
    const rng = createRng('even');
    const counts = [0, 0, 0];
    for (let i = 0; i < 3000; i++) counts[Number(sample(space, rng)['x']) - 1]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe('mutate', () => {
  it('changes at least one parameter and stays in the space', () => {
    fc.assert(
      fc.property(anySpace, seed, (space, s) => {
        const parent = sample(space, createRng(s, 'parent'));
        const child = mutate(space, parent, createRng(s, 'child'));
        check(space, child);
        const canChange = space.parameters.some(({ domain }) => levelCount(domain) !== 1);
        expect(differences(parent, child).length > 0).toBe(canChange);
      }),
      { numRuns: 500 },
    );
  });

  it('changes everything at rate 1 and one parameter at rate 0', () => {
    fc.assert(
      fc.property(anySpace, seed, (space, s) => {
        const parent = sample(space, createRng(s, 'parent'));
        const genes = space.parameters.filter(({ domain }) => levelCount(domain) !== 1).length;
        expect(differences(parent, mutate(space, parent, createRng(s), { rate: 1 }))).toHaveLength(genes);
        expect(differences(parent, mutate(space, parent, createRng(s), { rate: 0 }))).toHaveLength(Math.min(1, genes));
      }),
    );
  });

  it('changes about one parameter by default', () => {
    const space: Space = {
      parameters: Array.from({ length: 20 }, (_, i) => recipe(`k${i}`, { kind: 'choice', values: [1, 2, 3], ordered: true })),
      fixed: { recipe: {}, techniques: {} },
    };
    const rng = createRng('rate');
    const parent = sample(space, rng);
    let changes = 0;
    for (let i = 0; i < 1000; i++) changes += differences(parent, mutate(space, parent, rng)).length;
    // Binomial(20, 1/20), with 0 lifted to 1: mean 1 + 0.95^20 = 1.36.
    expect(changes / 1000).toBeGreaterThan(1.25);
    expect(changes / 1000).toBeLessThan(1.47);
  });

  it('moves an ordered parameter to a neighbour more often than far away', () => {
    const space = single({ kind: 'choice', values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], ordered: true });
    const rng = createRng('neighbours');
    let near = 0;
    for (let i = 0; i < 2000; i++) near += Math.abs(Number(mutate(space, { x: 5 }, rng)['x']) - 5) === 1 ? 1 : 0;
    // Half by the small step, and 2 of 10 of the other half.
    expect(near / 2000).toBeGreaterThan(0.55);
    expect(near / 2000).toBeLessThan(0.65);
  });
});

describe('cross', () => {
  it('takes every parameter from one of the parents', () => {
    fc.assert(
      fc.property(anySpace, seed, (space, s) => {
        const [a, b] = [sample(space, createRng(s, 'a')), sample(space, createRng(s, 'b'))];
        const child = cross(space, a, b, createRng(s, 'child'));
        check(space, child);
        for (const name of Object.keys(child)) expect([a[name], b[name]]).toContain(child[name]);
        expect(cross(space, a, b, createRng(s), { swap: 0 })).toEqual(a);
        expect(cross(space, a, b, createRng(s), { swap: 1 })).toEqual(b);
      }),
    );
  });
});

describe('encode', () => {
  it('has one length for a space, values on [0, 1], and tells candidates apart', () => {
    fc.assert(
      fc.property(anySpace, seed, (space, s) => {
        const [a, b] = [sample(space, createRng(s, 'a')), sample(space, createRng(s, 'b'))];
        const [x, y] = [encode(space, a), encode(space, b)];
        expect(x).toHaveLength(y.length);
        for (const value of x) expect(value >= 0 && value <= 1).toBe(true);
        if (differences(a, b).length > 0) expect(x).not.toEqual(y);
      }),
    );
  });

  it('rises with an ordered parameter, from 0 to 1', () => {
    fc.assert(
      fc.property(finiteDomain.filter(isOrdered), (domain) => {
        const encoded = levels(domain)!.map((x) => encode(single(domain), { x })[0]!);
        expect(encoded[0]).toBe(0);
        for (let i = 1; i < encoded.length; i++) expect(encoded[i]).toBeGreaterThan(encoded[i - 1]!);
      }),
    );
  });

  it('gives an unordered parameter one place per value', () => {
    const space = single({ kind: 'choice', values: ['l1', 'l2', 'slim'], ordered: false });
    expect(encode(space, { x: 'l2' })).toEqual([0, 1, 0]);
  });
});

describe('countCandidates and enumerate', () => {
  it('agree: as many distinct candidates as counted, all of the space', () => {
    fc.assert(
      fc.property(smallSpace, (space) => {
        const all = [...enumerate(space)];
        for (const candidate of all) check(space, candidate);
        expect(BigInt(new Set(all.map((candidate) => stableStringify(candidate))).size)).toBe(countCandidates(space));
        expect(BigInt(all.length)).toBe(countCandidates(space));
      }),
      { numRuns: 40 },
    );
  });

  it('count beyond what a number can hold', () => {
    const parameters = Array.from({ length: 100 }, (_, i) =>
      recipe(`k${i}`, { kind: 'choice', values: [1, 2, 3, 4], ordered: true }),
    );
    expect(countCandidates({ parameters, fixed: { recipe: {}, techniques: {} } })).toBe(4n ** 100n);
  });

  it('know that a continuous range has no end', () => {
    const space = single({ kind: 'range', min: 0, max: 1 });
    expect(countCandidates(space)).toBe('infinite');
    expect(() => enumerate(space).next()).toThrow(RangeError);
  });
});

describe('planOf and nearest', () => {
  const keep = (site: string, off = true): Parameter => ({
    name: `${site}/prune.keep`,
    domain: { kind: 'choice', values: [0.25, 0.5, 1], ordered: true },
    target: { kind: 'technique', technique: 'prune', site, knob: 'keep' },
    ...(off ? { off: 1 } : {}),
  });
  const space: Space = {
    parameters: [recipe('learningRate', { kind: 'choice', values: [0.01, 0.1], ordered: true }), keep('a'), keep('b')],
    fixed: {
      recipe: { epochs: 1 },
      techniques: { prune: { a: { importance: 'l1' }, b: { importance: 'l1' }, c: { keep: 0.5 } } },
    },
  };

  it('joins fixed and searched settings', () => {
    expect(planOf(space, { learningRate: 0.1, 'a/prune.keep': 0.5, 'b/prune.keep': 0.25 })).toEqual({
      recipe: { epochs: 1, learningRate: 0.1 },
      techniques: { prune: { a: { keep: 0.5, importance: 'l1' }, b: { keep: 0.25, importance: 'l1' }, c: { keep: 0.5 } } },
    });
  });

  it('drops sites at their off value, with their fixed settings, and techniques without a site', () => {
    expect(planOf(space, { learningRate: 0.1, 'a/prune.keep': 1, 'b/prune.keep': 0.25 }).techniques).toEqual({
      prune: { b: { keep: 0.25, importance: 'l1' }, c: { keep: 0.5 } },
    });
    const alone: Space = { parameters: [keep('a')], fixed: { recipe: {}, techniques: {} } };
    expect(planOf(alone, { 'a/prune.keep': 1 })).toEqual({ recipe: {}, techniques: {} });
  });

  it('leaves the space as it was', () => {
    const before = structuredClone(space);
    planOf(space, { learningRate: 0.1, 'a/prune.keep': 1, 'b/prune.keep': 1 });
    expect(space).toEqual(before);
  });

  it('finds the nearest setting, the off value for sites left alone, the default or first value otherwise', () => {
    const plan: Plan = { recipe: {}, techniques: { prune: { a: { keep: 0.3 } } } };
    expect(nearest(space, plan)).toEqual({ learningRate: 0.01, 'a/prune.keep': 0.25, 'b/prune.keep': 1 });
    const preset: Space = { ...space, parameters: [{ ...space.parameters[0]!, default: 0.1 }, keep('a', false)] };
    expect(nearest(preset, { recipe: {}, techniques: {} })).toEqual({ learningRate: 0.1, 'a/prune.keep': 0.25 });
  });

  it('brings a wish outside of a range to its end, and on a step to the step', () => {
    const range = single({ kind: 'range', min: 0.2, max: 0.8, step: 0.2 });
    const wish = (x: number) => nearest(range, { recipe: { x }, techniques: {} })['x'];
    expect([wish(0), wish(0.45), wish(0.55), wish(7)]).toEqual([0.2, 0.4, 0.6, 0.8]);
  });

  it('mean the same there and back', () => {
    fc.assert(
      fc.property(anySpace, seed, (space, s) => {
        const plan = planOf(space, sample(space, createRng(s)));
        const candidate = nearest(space, plan);
        check(space, candidate);
        expect(planOf(space, candidate)).toEqual(plan);
      }),
    );
  });

  it('come back to the same plan where every technique parameter has its off value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0.25, 0.5, 1), { minLength: 2, maxLength: 2 }),
        fc.constantFrom(0.01, 0.1),
        (keeps, rate) => {
          const candidate = { learningRate: rate, 'a/prune.keep': keeps[0]!, 'b/prune.keep': keeps[1]! };
          expect(nearest(space, planOf(space, candidate))).toEqual(candidate);
        },
      ),
    );
  });
});

describe('check', () => {
  const space = single({ kind: 'range', min: 0, max: 1, step: 0.5 });

  it('names what is missing, unknown, or out of the domain', () => {
    expect(() => check(space, { x: 0.5 })).not.toThrow();
    expect(() => check(space, {})).toThrow('lacks a value for "x"');
    expect(() => check(space, { x: 0.5, y: 1 })).toThrow('no parameter "y"');
    expect(() => check(space, { x: 0.4 })).toThrow('"x" is 0.4; the space allows 0 to 1 in steps of 0.5');
  });
});
