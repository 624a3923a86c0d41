import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrialRequest } from '../../src/core/executor.ts';
import type { Scheduler } from '../../src/core/scheduler.ts';
import { schedulers } from '../../src/search/schedulers/index.ts';
import { readStudy } from '../../src/store/index.ts';
import { compressionProblem } from '../fixtures/compression-problem.ts';
import { digest, done, failed, newStore, type SimulatedOptions, simulate } from '../search/study/simulated-study.ts';

/** Laws that hold for every scheduler, on studies of formulas. */

const rungs = [1 / 9, 1 / 3, 1];
const trials = 45;

describe.each(schedulers.map((definition) => [definition.name, definition] as const))('scheduler %s', (_, definition) => {
  const constrained = compressionProblem(4, [{ metric: 'accuracy', op: '>=', bound: 0.7 }]);
  const create = (): Scheduler => definition.create({ goal: constrained.goal, rungs, eta: 3 });
  const outcomeOf: SimulatedOptions['outcomeOf'] = (metrics, trial) => (trial % 11 === 7 ? failed('DIVERGED') : done(metrics));
  const study = (options: SimulatedOptions = {}) =>
    simulate({ problem: constrained, trials, outcomeOf, scheduler: create(), ...options });

  const whole = (async () => {
    const run = study({ slots: 4 });
    const end = await run.handle.done;
    return { end, digest: digest(run.store), log: [...run.store.events('study')], requests: run.executor.requests };
  })();

  it('gives the same jobs, metrics and front for any number of workers and any delays', async () => {
    const expected = (await whole).digest;
    for (const [slots, delays] of [
      [1, 'a'],
      [2, 'b'],
      [8, 'c'],
      [8, 'd'],
    ] as const) {
      const { handle, store } = study({ slots, delays });
      await handle.done;
      expect(digest(store), `${slots} workers, delays ${delays}`).toBe(expected);
    }
  });

  it('goes on after any kills as if nothing had happened', async () => {
    const { digest: expected, log } = await whole;
    const kills = fc.array(
      fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), slots: fc.integer({ min: 1, max: 8 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    await fc.assert(
      fc.asyncProperty(kills, fc.string(), async (sessions, delays) => {
        let past = log.slice(0, Math.floor(sessions[0]!.share * log.length));
        for (const [i, { slots }] of sessions.entries()) {
          const store = newStore();
          store.append('study', past);
          await study({ store, slots, delays: `${delays}${i}` }).handle.done;
          expect(digest(store)).toBe(expected);
          const events = [...store.events('study')];
          const share = sessions[i + 1]?.share ?? 0;
          past = events.slice(0, past.length + Math.floor((events.length - past.length) * share));
        }
      }),
      { numRuns: 12 },
    );
  });

  it('runs the rungs of a trial in their order, each from the checkpoint before', async () => {
    const { requests, end } = await whole;
    expect(end).toMatchObject({ reason: 'budget', counts: { asked: trials, unfinished: 0 } });
    const byTrial = new Map<number, TrialRequest[]>();
    for (const request of requests) byTrial.set(request.trial, [...(byTrial.get(request.trial) ?? []), request]);
    expect(byTrial.size).toBe(trials);
    for (const [trial, own] of byTrial) {
      if (!own[0]!.rung) expect(own).toHaveLength(1);
      expect(own.map(({ rung }) => rung?.index ?? 0)).toEqual(own.map((_, i) => i));
      for (const [i, { rung, seed, candidate }] of own.entries()) {
        expect({ seed, candidate }).toEqual({ seed: own[0]!.seed, candidate: own[0]!.candidate });
        expect(rung?.ends.at(-1) ?? 1).toBe(1);
        expect(rung?.from).toEqual(i === 0 ? undefined : { sha256: `${trial}@${rung!.ends[i - 1]}`, bytes: 1 });
      }
    }
  });

  it('gives up every checkpoint that nobody needs, and no other', async () => {
    const discarded: string[] = [];
    const { handle, store } = study({ slots: 3, discard: ({ sha256 }) => discarded.push(sha256) });
    await handle.done;
    const written = [...store.events('study')].flatMap((event) =>
      event.type === 'finished' && event.outcome.state === 'done' && event.outcome.rung?.checkpoint
        ? [event.outcome.rung.checkpoint.sha256]
        : [],
    );
    const paused = readStudy(store, 'study').trials.flatMap((trial) =>
      trial.state === 'done' && trial.stopped === undefined && trial.rung?.checkpoint ? [trial.rung.checkpoint.sha256] : [],
    );
    expect([...discarded, ...paused].sort()).toEqual(written.sort());
  });

  it('trains fewer epochs than whole trials would, if it has rungs at all, and some trials to their end', async () => {
    const { requests } = await whole;
    const trained = requests.filter(({ rung }) => rung);
    if (definition.single) return expect(trained).toEqual([]);
    const epochs = trained.reduce((sum, { rung }) => sum + rung!.ends[rung!.index]! - (rung!.ends[rung!.index - 1] ?? 0), 0);
    expect(epochs).toBeLessThan(0.7 * trials);
    return expect(trained.some(({ rung }) => rung!.ends.length > 1 && rung!.index === rung!.ends.length - 1)).toBe(true);
  });
});
