import { describe, expect, it } from 'vitest';
import { jobsOf, structures } from '../experiments/claims/jobs.ts';
import { claims, rows } from '../experiments/claims/rows/index.ts';
import { Summary, spread } from '../experiments/claims/summary.ts';
import { canonicalPlan } from '../src/network/compress/recipe.ts';

/** The experiment runs for an hour: what it is made of is checked here, within seconds. */

const jobs = [...rows.values()].flatMap((row) => jobsOf(row, 1));

describe('the rows of experiments/claims', () => {
  it('are plans of their networks, each another one', () => {
    const keys = jobs.map(({ network, plan, fresh }) => {
      const { techniques, recipe } = canonicalPlan(structures.get(network)!, plan);
      return JSON.stringify([network, techniques, recipe, fresh]);
    });
    expect(new Set(keys).size).toBe(jobs.length);
    expect(new Set(jobs.map(({ key }) => key)).size).toBe(jobs.length);
  });

  it('have names of their own, and expectations name rows that there are', () => {
    const all = claims.flatMap((claim) => claim.rows);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    const known = new Set(jobs.map(({ row }) => row));
    for (const { row, measure } of claims.flatMap(({ expectations }) => expectations)) {
      expect(known).toContain(row);
      if (typeof measure !== 'string') expect(known).toContain(measure.over);
      if (measure === 'overControl') expect(known).toContain(`${row}/control`);
      if (measure === 'step') expect(rows.get(row)!.timed).toBe(true);
    }
  });
});

describe('the summary', () => {
  const row = rows.get('channels-50')!;
  const seeds = [1, 2];
  const own = seeds.flatMap((seed) => [...jobsOf(rows.get('resnet')!, seed), ...jobsOf(row, seed)]);
  const records = own.map(({ key, row: name, seed }) => {
    const metrics = { accuracy: 0, size: name === 'resnet' ? 300 : 100, macs: 10, params: 10 };
    const test = { resnet: 0.9, 'channels-50': 0.88 + 0.02 * seed, 'channels-50/control': 0.85 }[name]!;
    return [key, { key, version: 1, row: name, seed, seconds: 1, state: 'done', metrics, test, artefact: '' }] as const;
  });

  it('compares every seed with its own dense network and its own control', () => {
    const { smaller, change, overControl, faster } = new Summary(own, new Map(records), rows, undefined).of(row)!;
    expect(smaller).toEqual({ mean: 3, deviation: 0, seeds: 2 });
    expect(change.mean).toBeCloseTo(0.01);
    expect(change.deviation).toBeCloseTo(Math.SQRT2 / 100);
    expect(overControl!.mean).toBeCloseTo(0.06);
    expect(faster).toBeUndefined();
  });

  it('knows nothing of a row before its dense network is there', () => {
    const without = new Map(records.filter(([, { row: name }]) => name !== 'resnet'));
    expect(new Summary(own, without, rows, undefined).of(row)).toBeUndefined();
  });

  it('gives no deviation of a single seed', () => {
    expect(spread([0.5])).toEqual({ mean: 0.5, deviation: undefined, seeds: 1 });
  });
});
