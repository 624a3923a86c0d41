import { describe, expect, it } from 'vitest';
import { NasError } from '../../../src/core/errors.ts';
import type { StudyEvent } from '../../../src/core/event.ts';
import type { TrialStore } from '../../../src/core/store.ts';
import type { Outcome } from '../../../src/core/trial.ts';
import { runStudy } from '../../../src/search/study/run.ts';
import { readStudy } from '../../../src/store/index.ts';
import { compressionProblem } from '../../fixtures/compression-problem.ts';
import { digest, done, failed, newStore, problem, type SimulatedStudy, simulate } from './simulated-study.ts';

const typesOf = (events: Iterable<{ readonly type: string }>, type: string) => [...events].filter((event) => event.type === type);
const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};
/** A store whose appends pass through a function first. */
const watched = (store: TrialStore, before: (events: readonly StudyEvent[]) => void): TrialStore =>
  Object.assign(Object.create(store) as TrialStore, {
    append: (study: string, events: readonly StudyEvent[]) => {
      before(events);
      store.append(study, events);
    },
    find: (name: string) => store.find(name),
    events: (study: string, from?: number) => store.events(study, from),
  });

describe('a trial that met what every trial would meet', () => {
  it('ends the search with its error, and runs again on resume', async () => {
    const outcomeOf = (metrics: Readonly<Record<string, number>>, trial: number): Outcome =>
      trial === 5 ? { state: 'aborted', code: 'DISK_FULL', reason: 'the disk is full.', seconds: 1 } : done(metrics);
    const first = simulate({ trials: 12, outcomeOf });
    await expect(first.handle.done).rejects.toMatchObject({ code: 'DISK_FULL', message: 'the disk is full.', exitCode: 1 });
    const second = simulate({ trials: 12, store: first.store });
    expect(await second.handle.done).toMatchObject({ reason: 'budget', counts: { done: 12, failed: 0 } });
    const undisturbed = simulate({ trials: 12 });
    await undisturbed.handle.done;
    expect(digest(second.store)).toBe(digest(undisturbed.store));
  });
});

describe('a study', () => {
  it('runs its budget, begins with the initial trials, and drops repeated ones', async () => {
    const { handle, store, executor } = simulate({ trials: 12 });
    expect(await handle.done).toEqual({ reason: 'budget', counts: { asked: 12, done: 12, failed: 0, unfinished: 0 } });
    const { trials, sessions } = readStudy(store, 'study');
    expect(trials.map(({ origin }) => origin)).toEqual(['baseline', 'anchor', ...Array(10).fill('evolution')]);
    expect(trials.every(({ key, candidate }) => key === problem.keyOf(candidate))).toBe(true);
    expect(new Set(trials.map(({ key }) => key)).size).toBe(12);
    expect(sessions).toMatchObject([{ begin: { facts: { lookAhead: 8, slots: 2 } }, end: { facts: { reason: 'budget' } } }]);
    expect(executor.requests[3]).toMatchObject({ trial: 3, attempt: 1, seed: 'seed/3', candidate: trials[3]!.candidate });
  });

  it.each(['evolution', 'random'])(
    'gives the same candidates, metrics and front for any number of workers (%s)',
    async (name) => {
      const digests = new Set<string>();
      const orders = new Set<string>();
      for (const [slots, delays] of [
        [1, 'a'],
        [2, 'b'],
        [8, 'c'],
        [8, 'd'],
      ] as const) {
        const { handle, store, executor } = simulate({ slots, delays, trials: 60, controller: name });
        await handle.done;
        digests.add(digest(store));
        orders.add(executor.finished.join());
        expect(executor.peak).toBe(slots);
      }
      expect(digests.size).toBe(1);
      expect(orders.size).toBe(4);
    },
  );

  it('runs the baseline alone', async () => {
    const { handle, executor, events } = simulate({ slots: 8, trials: 9 });
    await handle.done;
    const finished = events.findIndex((event) => event.type === 'finished' && event.trial === 0);
    const second = events.findIndex((event) => event.type === 'started' && event.trial === 1);
    expect(finished).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(finished);
    expect(executor.peak).toBe(8);
  });

  it('never asks further ahead than the look-ahead, and uses no more workers', async () => {
    const { handle, executor, events } = simulate({ slots: 8, lookAhead: 3, trials: 30 });
    await handle.done;
    expect(executor.peak).toBe(3);
    expect(typesOf(events, 'log')).toMatchObject([{ level: 'warning' }]);
    const finished = new Set<number>();
    for (const event of events) {
      if (event.type === 'finished') finished.add(event.trial);
      if (event.type === 'asked' && event.trial >= 3) expect(finished).toContain(event.trial - 3);
    }
  });

  it('stores an outcome together with what is asked because of it, before anybody hears of it', async () => {
    const batches: string[][] = [];
    const store = watched(newStore(), (events) => batches.push(events.map(({ type }) => type)));
    let heard = 0;
    const { handle } = simulate({
      store,
      slots: 1,
      trials: 20,
      onEvent: (event) => {
        if (event.type === 'progress' || event.type === 'log') return;
        heard++;
        expect([...store.events('study')].length).toBeGreaterThanOrEqual(heard);
      },
    });
    await handle.done;
    const joint = batches.filter((types) => types.includes('finished') && types.includes('asked'));
    expect(joint).toHaveLength(12);
  });

  it('saves the controller at growing intervals', async () => {
    const { handle, store } = simulate({ trials: 300, maxTurns: 1 });
    await handle.done;
    expect(typesOf(store.events('study'), 'snapshot')).toMatchObject([{ told: 32 }, { told: 64 }, { told: 128 }, { told: 256 }]);
  });

  it('ends when the space is exhausted', async () => {
    const tiny = compressionProblem(1);
    const { handle, store } = simulate({ problem: tiny, trials: 1000, slots: 8 });
    expect(await handle.done).toMatchObject({ reason: 'exhausted', counts: { done: 21, unfinished: 0 } });
    expect(readStudy(store, 'study').trials).toHaveLength(21);
  });

  it('starts nothing after the time is over, and lets the running trials finish', async () => {
    let now = 0;
    const clock = { wall: () => 1_000_000 + now, monotonic: () => now };
    const { handle, executor } = simulate({
      seconds: 10,
      clock,
      slots: 4,
      trials: 1000,
      onEvent: (event) => {
        if (event.type === 'finished') now += 1000;
      },
    });
    const end = await handle.done;
    expect(end.reason).toBe('time');
    expect(end.counts.done).toBe(executor.requests.length);
    expect(end.counts.done).toBeGreaterThanOrEqual(10);
    expect(end.counts.done).toBeLessThan(10 + 4 + 1);
    expect(end.counts.unfinished).toBeGreaterThan(0);
  });

  it('stamps its events with the clock that it was given', async () => {
    const { handle, store } = simulate({ trials: 5, clock: { wall: () => 77, monotonic: () => 0 } });
    await handle.done;
    expect(new Set([...store.events('study')].map(({ at }) => at))).toEqual(new Set([77]));
  });
});

describe('control', () => {
  it('stops running trials and does not count them as finished', async () => {
    const { handle, store, executor, events } = simulate({
      slots: 4,
      trials: 100,
      maxTurns: 20,
      onEvent: (event, study) => {
        if (event.type === 'finished' && event.trial === 10) study.handle.stop();
      },
    });
    const end = await handle.done;
    expect(end.reason).toBe('stopped');
    expect(end.counts.done).toBe(executor.finished.length);
    const aborted = events.filter((event) => event.type === 'finished' && event.outcome.state === 'aborted');
    expect(aborted.length).toBeGreaterThan(0);
    const stored = [...store.events('study')].filter((event) => event.type === 'finished');
    expect(stored.every((event) => event.outcome.state === 'done')).toBe(true);
    handle.stop();
    expect(await handle.done).toEqual(end);
  });

  it('is not finished where its last trial was stopped', async () => {
    const { handle } = simulate({
      trials: 10,
      maxTurns: 200,
      onEvent: (event, study) => {
        if (event.type === 'started' && event.trial === 9) study.handle.stop();
      },
    });
    expect(await handle.done).toMatchObject({ reason: 'stopped', counts: { asked: 10 } });
  });

  it('that was paused when its time was up can still be resumed, be given more time, or be stopped', async () => {
    const paused = async () => {
      let now = 0;
      const clock = { monotonic: () => now, wall: () => now };
      const study = simulate({ slots: 4, trials: 30, maxTurns: 50, seconds: 10, clock });
      await turns(70);
      study.handle.pause();
      await turns(5);
      now = 11_000;
      // Whatever makes the loop go round: it notices that its time is up.
      study.handle.steer({ type: 'favourite', trial: 0, favourite: true });
      await turns(5);
      return study.handle;
    };
    const resumed = await paused();
    expect(resumed.steer({ type: 'resume' })).toMatchObject({ done: true });
    expect((await resumed.done).reason).toBe('time');
    const stopped = await paused();
    expect(stopped.steer({ type: 'stop' })).toMatchObject({ done: true });
    expect((await stopped.done).reason).toBe('stopped');
    const longer = await paused();
    expect(longer.steer({ type: 'time', seconds: null })).toMatchObject({ done: true });
    expect(longer.steer({ type: 'resume' })).toMatchObject({ done: true });
    expect((await longer.done).reason).toBe('budget');
  });

  it('stops before anything ran', async () => {
    const { handle, executor } = simulate();
    handle.stop();
    expect(await handle.done).toMatchObject({ reason: 'stopped', counts: { done: 0 } });
    expect(executor.requests).toEqual([]);
  });

  it('starts and finishes nothing while it is paused', async () => {
    const { handle, executor, store } = simulate({ slots: 4, trials: 30, maxTurns: 8 });
    await turns(20);
    handle.pause();
    await turns(5);
    const before = [executor.requests.length, executor.finished.length];
    await turns(100);
    expect([executor.requests.length, executor.finished.length]).toEqual(before);
    handle.resume();
    expect((await handle.done).reason).toBe('budget');
    const undisturbed = simulate({ slots: 1, trials: 30 });
    await undisturbed.handle.done;
    expect(digest(store)).toBe(digest(undisturbed.store));
  });

  it('stops while it is paused', async () => {
    const { handle } = simulate({ slots: 4, maxTurns: 50 });
    await turns(70);
    handle.pause();
    await turns(5);
    handle.stop();
    expect((await handle.done).reason).toBe('stopped');
  });

  it('enlarges the budget while it runs', async () => {
    const larger = simulate({
      trials: 20,
      onEvent: (event, { handle }: SimulatedStudy) => {
        if (event.type === 'finished' && event.trial === 15) handle.steer({ type: 'add-trials', trials: 30 });
      },
    });
    expect((await larger.handle.done).counts.done).toBe(50);
    const planned = simulate({ trials: 50 });
    await planned.handle.done;
    expect(digest(larger.store)).toBe(digest(planned.store));
  });
});

describe('trouble', () => {
  it('goes on after failed trials, the same for any number of workers', async () => {
    const digests = new Set<string>();
    for (const slots of [1, 8]) {
      const { handle, store } = simulate({
        slots,
        trials: 60,
        outcomeOf: (metrics, trial) => (trial % 4 === 1 ? failed('DIVERGED') : done(metrics)),
      });
      expect(await handle.done).toMatchObject({ reason: 'budget', counts: { done: 45, failed: 15 } });
      digests.add(digest(store));
    }
    expect(digests.size).toBe(1);
  });

  it('takes a trial without a finite objective for a failed one, and leaves other such metrics out', async () => {
    const { handle, store } = simulate({
      trials: 12,
      outcomeOf: (metrics, trial) =>
        done(trial === 3 ? { size: 1, accuracy: Number.NaN } : { ...metrics, latencyMs: Number.NaN }),
    });
    await handle.done;
    const { trials } = readStudy(store, 'study');
    expect(trials[3]).toMatchObject({ state: 'failed', code: 'METRIC_MISSING' });
    const fourth = trials[4]!;
    expect(fourth.state === 'done' && Object.keys(fourth.metrics)).toEqual(['accuracy', 'size']);
  });

  it('gives up when the first trials all fail for one reason', async () => {
    const { handle } = simulate({ trials: 100, slots: 1, outcomeOf: () => failed('HOST_CRASHED') });
    const end = await handle.done;
    expect(end).toMatchObject({ reason: 'failing', counts: { failed: 5 }, failure: { code: 'HOST_CRASHED' } });
  });

  it('does not give up when they fail for different reasons, or later for some trials in a row', async () => {
    const varied = simulate({ trials: 30, outcomeOf: (_, trial) => failed(trial % 2 ? 'DIVERGED' : 'DEADLINE') });
    expect((await varied.handle.done).reason).toBe('budget');
    const row = (trial: number) => trial > 5 && trial < 20;
    const later = simulate({ trials: 30, outcomeOf: (metrics, trial) => (row(trial) ? failed('DIVERGED') : done(metrics)) });
    expect((await later.handle.done).reason).toBe('budget');
  });

  it('tries again when a study that gave up is resumed', async () => {
    const store = newStore();
    await simulate({ store, trials: 20, slots: 1, outcomeOf: () => failed('HOST_CRASHED') }).handle.done;
    expect((await simulate({ store, trials: 20 }).handle.done).reason).toBe('budget');
  });

  it('rejects when the store fails, with everything before stored', async () => {
    const inner = newStore();
    let appends = 0;
    const store = watched(inner, () => {
      if (++appends > 8) throw new NasError('STORE_FULL', 'the disk is full');
    });
    const { handle, executor } = simulate({ store, slots: 4, maxTurns: 60 });
    await expect(handle.done).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(executor.finished.length).toBeLessThan(executor.requests.length);
    const stored = readStudy(inner, 'study').trials.filter(({ state }) => state === 'done').length;
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThanOrEqual(executor.finished.length);
  });

  it.each([1, 4])('loses nothing when the store fails once (%i workers)', async (slots) => {
    const inner = newStore();
    let appends = 0;
    const store = watched(inner, () => {
      if (++appends === 8) throw new NasError('STORE_FULL', 'the disk is full');
    });
    const { handle, executor } = simulate({ store, slots });
    await expect(handle.done).rejects.toMatchObject({ code: 'STORE_FULL' });
    const stored = readStudy(inner, 'study').trials.filter(({ state }) => state === 'done');
    expect(stored.map(({ number }) => number)).toEqual([...executor.finished].sort((a, b) => a - b));
  });

  it('rejects when the executor is misused', async () => {
    const { handle, executor } = simulate();
    await executor.close();
    await expect(handle.done).rejects.toThrow('run after close');
  });

  it('rejects a controller that repeats itself', async () => {
    const store = newStore();
    const { baseline, goal, keyOf } = problem;
    const { executor } = simulate({ trials: 1 });
    const controller = { ask: () => baseline, asked() {}, tell() {}, save: () => null, restore() {} };
    const initial = [{ candidate: baseline, origin: 'baseline' }];
    const study = store.find('study')!;
    const parts = { store, study, executor, controller, goal, keyOf, initial, onEvent: () => {} };
    await expect(runStudy({ ...parts, budget: { trials: 3 } }).done).rejects.toMatchObject({ code: 'CONTROLLER_REPEATS' });
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a budget of %s trials', (trials) => {
    const store = newStore();
    expect(() => simulate({ store, trials })).toThrow(expect.objectContaining({ code: 'STUDY_BUDGET', exitCode: 2 }));
    expect([...store.events('study')]).toEqual([]);
  });

  it('refuses another look-ahead than the one that the study began with', async () => {
    const { handle, store } = simulate({ trials: 5, lookAhead: 4 });
    await handle.done;
    expect(() => simulate({ store, trials: 9, lookAhead: 8 })).toThrow(expect.objectContaining({ code: 'STUDY_LOOK_AHEAD' }));
    expect(() => simulate({ lookAhead: 0 })).toThrow(expect.objectContaining({ code: 'STUDY_LOOK_AHEAD' }));
    expect((await simulate({ store, trials: 9 }).handle.done).counts.done).toBe(9);
  });
});
