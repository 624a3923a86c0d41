import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Goal } from '../../../src/core/objective.ts';
import { createRng } from '../../../src/core/rng.ts';
import { measuredTrial } from '../../../src/core/trial.ts';
import { noiseReports, spreadOf } from '../../../src/search/study/noise.ts';
import { replicateMembers } from '../../../src/search/study/replicate.ts';
import { readStudy } from '../../../src/store/index.ts';
import { SimulatedExecutor } from '../../fixtures/simulated-executor.ts';
import { digest, done, failed, simulate } from './simulated-study.ts';

const goal: Goal = {
  objectives: [
    { metric: 'accuracy', direction: 'maximize' },
    { metric: 'size', direction: 'minimize' },
  ],
  constraints: [],
};

const member = (trial: number, size: number, own: number, again: readonly number[]) => ({
  trial,
  metrics: { accuracy: own, size },
  runs: again.map((accuracy) => ({ accuracy, size })),
});

describe('noise', () => {
  it('gives means and deviations of the replications alone', () => {
    const [report] = noiseReports([member(1, 10, 0.99, [0.9, 0.91, 0.92])], goal);
    expect(report!.spreads['accuracy']).toEqual({ count: 3, mean: expect.closeTo(0.91), deviation: expect.closeTo(0.01) });
    expect(report!.spreads['size']).toEqual({ count: 3, mean: 10, deviation: 0 });
  });

  it('calls a run lucky that is far above its replications, not one within their noise', () => {
    const again = [0.9, 0.91, 0.92];
    const luck = (own: number) => noiseReports([member(1, 10, own, again)], goal)[0]!.lucky;
    expect(luck(0.97)).toEqual(['accuracy']);
    expect(luck(0.94)).toEqual([]);
    expect(luck(0.8)).toEqual([]);
  });

  it('lets a member be dominated only beyond the noise', () => {
    const dominatedBy = (a: readonly number[], sizeA: number, b: readonly number[], sizeB: number) =>
      noiseReports([member(1, sizeA, 0.9, a), member(2, sizeB, 0.9, b)], goal)[0]!.dominatedBy;
    const [low, high] = [
      [0.9, 0.901, 0.902],
      [0.95, 0.951, 0.952],
    ];
    expect(dominatedBy(low!, 10, high!, 10)).toBe(2);
    expect(dominatedBy(low!, 10, high!, 11)).toBeUndefined(); // a real trade
    expect(dominatedBy(low!, 10, [0.9, 0.902, 0.903], 10)).toBeUndefined(); // within the noise
    expect(dominatedBy(low!, 10, [0.9, 0.902, 0.903], 9)).toBe(2); // as accurate, and smaller for sure
  });

  it('says nothing of a member without two replications that worked', () => {
    expect(noiseReports([member(1, 10, 0.9, [0.9])], goal)).toEqual([]);
  });

  it('is right about nineteen times out of twenty where there is no difference', () => {
    let wrong = 0;
    const rounds = 2000;
    for (let i = 0; i < rounds; i++) {
      const rng = createRng('no difference', i);
      const runs = () => Array.from({ length: 3 }, () => 0.9 + 0.01 * rng.normal());
      if (noiseReports([member(1, 10, 0.9, runs()), member(2, 10, 0.9, runs())], goal).some((each) => each.dominatedBy)) wrong++;
    }
    expect(wrong / rounds).toBeLessThan(0.06);
  });

  it('spreads do not depend on the order, and move with the values', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 9 }), (values) => {
        const [spread, turned] = [spreadOf(values), spreadOf(values.toReversed().map((value) => value + 3))];
        expect(turned.mean).toBeCloseTo(spread.mean + 3, 9);
        expect(turned.deviation).toBeCloseTo(spread.deviation, 9);
      }),
    );
  });
});

describe('replication', () => {
  it('runs every seed of every member once, over a stop and a restart, beside the study', async () => {
    const { handle, store } = simulate({ trials: 12 });
    await handle.done;
    const before = digest(store);
    const study = store.find('study')!;
    const members = readStudy(store, 'study')
      .trials.slice(2, 6)
      .flatMap((trial) => measuredTrial(trial) ?? []);
    const replicate = async (stopAfter: number) => {
      const executor = new SimulatedExecutor({
        slots: 3,
        delays: `${stopAfter}`,
        outcomeOf: ({ trial }) => (trial === 3 ? failed('DIVERGED') : done({ accuracy: 0.5, size: trial })),
      });
      let count = 0;
      const onEvent = ({ type }: { readonly type: string }) => {
        if (type === 'replicated' && ++count === stopAfter) executor.stop();
      };
      return { ...(await replicateMembers({ store, study, executor, members, seeds: 3, onEvent })), executor };
    };
    const first = await replicate(5);
    expect(first.missing).toBeGreaterThan(0);
    const second = await replicate(Number.NaN);
    expect(second.missing).toBe(0);
    const all = readStudy(store, 'study').replicates.map(({ trial, replicate: k }) => `${trial}/${k}`);
    expect(all.sort()).toEqual([2, 3, 4, 5].flatMap((trial) => [1, 2, 3].map((k) => `${trial}/${k}`)));
    const { requests } = second.executor;
    expect(requests.every(({ test, seed, trial }) => test && seed.startsWith(`seed/${trial}/replicate/`))).toBe(true);
    expect(digest(store)).toBe(before);
    expect(await simulate({ store, trials: 12 }).handle.done).toMatchObject({ reason: 'budget', counts: { asked: 12 } });
  });
});
