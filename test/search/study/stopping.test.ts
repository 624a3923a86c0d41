import { describe, expect, it } from 'vitest';
import { type Goal, violation } from '../../../src/core/objective.ts';
import { measuredTrial } from '../../../src/core/trial.ts';
import { schedulers } from '../../../src/search/schedulers/index.ts';
import { StopWatch } from '../../../src/search/study/stopping.ts';
import { readStudy } from '../../../src/store/index.ts';
import { digest, problem, type SimulatedOptions, simulate } from './simulated-study.ts';

const goal: Goal = {
  objectives: [
    { metric: 'accuracy', direction: 'maximize' },
    { metric: 'size', direction: 'minimize' },
  ],
  constraints: [],
};

describe('patience', () => {
  const watch = (patience: number) => {
    const stop = new StopWatch({ patience, logScale: new Set(['size']) }, goal, 2);
    stop.add(0, { accuracy: 0.9, size: 1000 });
    stop.add(1, { accuracy: 0.5, size: 100 });
    return stop;
  };

  it('ends a study that no longer grows, with the evidence, and not before its minimum', () => {
    const stop = watch(10);
    stop.add(2, { accuracy: 0.85, size: 300 });
    for (let trial = 3; trial < 31; trial++) stop.add(trial, { accuracy: 0.6, size: 900 });
    expect(stop.evidence).toBeUndefined();
    stop.add(31, undefined);
    expect(stop.evidence).toMatchObject({ reason: 'converged', results: 10 });
    const { before, hypervolume } = stop.evidence as { before: number; hypervolume: number };
    expect(before).toBe(hypervolume);
    expect(hypervolume).toBeGreaterThan(0);
  });

  it('counts anew after every growth', () => {
    const stop = watch(20);
    for (let trial = 2; trial < 40; trial++) stop.add(trial, { accuracy: 0.8, size: 500 - 10 * Math.min(trial, 30) });
    expect(stop.evidence).toBeUndefined();
    for (let trial = 40; trial < 52; trial++) stop.add(trial, { accuracy: 0.8, size: 500 });
    expect(stop.evidence).toMatchObject({ reason: 'converged' });
  });
});

it('a target is met by one model that has all of it', () => {
  const target = [
    { metric: 'accuracy', op: '>=', bound: 0.8 },
    { metric: 'size', op: '<=', bound: 200 },
  ] as const;
  const stop = new StopWatch({ target }, goal, 1);
  stop.add(0, { accuracy: 0.9, size: 1000 });
  stop.add(1, { accuracy: 0.2, size: 100 });
  stop.add(2, undefined);
  expect(stop.evidence).toBeUndefined();
  stop.add(3, { accuracy: 0.8, size: 200 });
  expect(stop.evidence).toEqual({ reason: 'target', trial: 3, metrics: { accuracy: 0.8, size: 200 } });
});

it('a target is not met by a model that misses a constraint', () => {
  const target = [{ metric: 'accuracy', op: '>=', bound: 0.8 }] as const;
  const stop = new StopWatch({ target }, { ...goal, constraints: [{ metric: 'size', op: '<=', bound: 200 }] }, 1);
  stop.add(0, { accuracy: 0.9, size: 1000 });
  expect(stop.evidence).toBeUndefined();
  stop.add(1, { accuracy: 0.8, size: 200 });
  expect(stop.evidence).toMatchObject({ reason: 'target', trial: 1 });
});

it('a study that has its target already is at its end: no trial more', async () => {
  const first = simulate({ trials: 20 });
  await first.handle.done;
  const measured = readStudy(first.store, 'study').trials.flatMap((trial) => measuredTrial(trial) ?? []);
  const { number, metrics } = measured.at(-1)!;
  const target = [
    { metric: 'size', op: '<=', bound: metrics['size']! },
    { metric: 'accuracy', op: '>=', bound: metrics['accuracy']! },
  ] as const;
  const met = measured.find((trial) => violation(trial.metrics, target) === 0)!.number;
  expect(number).toBe(19);
  const again = simulate({ store: first.store, trials: 40, stop: { target } });
  expect(await again.handle.done).toMatchObject({ reason: 'target', evidence: { trial: met }, counts: { asked: 20 } });
  expect(again.executor.requests).toHaveLength(0);
});

describe.each(schedulers.map((definition) => [definition.name, definition] as const))(
  'a study that stops (%s)',
  (_, definition) => {
    const cases: [string, SimulatedOptions['stop'] & object, string][] = [
      ['at its target', { target: [{ metric: 'size', op: '<=', bound: 9000 }] }, 'target'],
      ['when it has converged', { patience: 8 }, 'converged'],
    ];

    it.each(cases)('%s ran the same jobs with any number of workers, and stays stopped', async (_, stop, reason) => {
      const digests = new Set<string>();
      const study = (options: SimulatedOptions) =>
        simulate({
          trials: 400,
          stop,
          scheduler: definition.create({ goal: problem.goal, rungs: [0.25, 1], eta: 4 }),
          ...options,
        });
      for (const slots of [1, 8]) {
        const { handle, store, executor } = study({ slots, delays: `${slots}` });
        const end = await handle.done;
        expect(end).toMatchObject({ reason, evidence: { reason }, counts: { unfinished: 0 } });
        expect(end.counts.asked).toBeLessThan(400);
        digests.add(digest(store));
        const before = executor.requests.length;
        const again = study({ store, slots: 3 });
        expect(await again.handle.done).toMatchObject({ reason, evidence: end.evidence! });
        expect(again.executor.requests).toHaveLength(0);
        expect(before).toBeGreaterThan(0);
      }
      expect(digests.size).toBe(1);
    });
  },
);
