import { describe, expect, it } from 'vitest';
import type { StudyEvent } from '../../../src/core/event.ts';
import type { Outcome } from '../../../src/core/trial.ts';
import { schedulers } from '../../../src/search/schedulers/index.ts';
import { digest, done, failed, newStore, problem, simulate } from './simulated-study.ts';

const trials = 75;
const outcomeOf = (metrics: Readonly<Record<string, number>>, trial: number): Outcome =>
  trial % 7 === 3 ? failed('DIVERGED') : done(metrics);

const finishedIn = (events: readonly StudyEvent[]) =>
  events.filter(({ type }) => type === 'finished').map((event) => 'trial' in event && event.trial);

describe.each(['evolution', 'random'])('resume (%s)', (controller) => {
  /** The whole log of an undisturbed run with four workers. */
  async function undisturbed() {
    const { handle, store } = simulate({ controller, trials, slots: 4, outcomeOf });
    await handle.done;
    return { whole: digest(store), log: [...store.events('study')] };
  }

  it('goes on after a kill at any event as if nothing had happened, and runs nothing finished again', async () => {
    const { whole, log } = await undisturbed();
    for (let at = 0; at <= log.length; at += 7) {
      const past = log.slice(0, at);
      const store = newStore(controller);
      store.append('study', past);
      const { handle, executor } = simulate({ store, trials, slots: 8, delays: `after ${at}`, outcomeOf });
      expect((await handle.done).reason).toBe('budget');
      expect(digest(store), `killed after event ${at}`).toBe(whole);
      const again = finishedIn(past).filter((trial) => executor.requests.some((request) => request.trial === trial));
      expect(again).toEqual([]);
    }
  });

  it('goes on after several kills, with other workers every time', async () => {
    const { whole } = await undisturbed();
    let log: StudyEvent[] = [];
    for (const [session, slots] of [1, 8, 2, 5, 3].entries()) {
      const store = newStore(controller);
      store.append('study', log);
      const { handle } = simulate({ store, trials, slots, delays: `session ${session}`, outcomeOf });
      await handle.done;
      const events = [...store.events('study')];
      if (session === 4) expect(digest(store)).toBe(whole);
      log = events.slice(0, log.length + Math.floor((events.length - log.length) / 3));
    }
  });

  it('runs stopped trials again with the same candidate and seed, and counts the attempt', async () => {
    const { whole } = await undisturbed();
    const first = simulate({
      controller,
      trials,
      slots: 4,
      maxTurns: 30,
      outcomeOf,
      onEvent: (event, study) => {
        if (event.type === 'finished' && event.trial === 40) study.handle.stop();
      },
    });
    await first.handle.done;
    const aborted = first.executor.requests.filter(({ trial }) => !first.executor.finished.includes(trial));
    expect(aborted.length).toBeGreaterThan(0);
    const second = simulate({ store: first.store, trials, outcomeOf });
    await second.handle.done;
    for (const request of aborted) {
      const again = second.executor.requests.find(({ trial }) => trial === request.trial);
      expect(again).toEqual({ ...request, attempt: 2 });
    }
    expect(digest(first.store)).toBe(whole);
  });

  it('goes on with a larger budget like a study that had it from the start', async () => {
    const { whole } = await undisturbed();
    const store = newStore(controller);
    for (const budget of [1, 5, 30, 31, 70, trials]) {
      const { handle } = simulate({ store, trials: budget, slots: 3, delays: `${budget}`, outcomeOf });
      expect(await handle.done).toMatchObject({ reason: 'budget', counts: { asked: budget } });
    }
    expect(digest(store)).toBe(whole);
  });

  it('starts nothing beyond a smaller budget, whatever was decided, and catches up with a larger one', async () => {
    const { whole, log } = await undisturbed();
    const asked = log.findIndex((event) => event.type === 'asked' && event.trial === 27);
    const store = newStore(controller);
    store.append('study', log.slice(0, asked + 1));
    const smaller = simulate({ store, trials: 20, slots: 3, outcomeOf });
    expect((await smaller.handle.done).reason).toBe('budget');
    expect(smaller.executor.requests.filter(({ trial }) => trial >= 20)).toEqual([]);
    const done = [...store.events('study')].flatMap((event) => (event.type === 'finished' ? [event.trial] : []));
    expect(Array.from({ length: 20 }, (_, trial) => done.includes(trial))).toEqual(Array.from({ length: 20 }, () => true));
    expect(smaller.events).toContainEqual(
      expect.objectContaining({ type: 'log', level: 'warning', message: expect.stringMatching(/beyond the 20 .* wait/) }),
    );
    const larger = simulate({ store, trials, slots: 4, outcomeOf });
    expect((await larger.handle.done).reason).toBe('budget');
    expect(digest(store)).toBe(whole);
  });

  it('has nothing to do when the budget is used up', async () => {
    const { handle, store } = simulate({ controller, trials: 20 });
    await handle.done;
    const before = digest(store);
    const { handle: again, executor } = simulate({ store, trials: 20 });
    expect(await again.done).toMatchObject({ reason: 'budget', counts: { done: 20 } });
    expect(executor.requests).toEqual([]);
    expect(digest(store)).toBe(before);
  });
});

it('ends with a smaller budget while trials that were decided wait, paused ones of a scheduler among them', async () => {
  const [asha] = schedulers.filter(({ name }) => name === 'asha');
  const scheduler = () => asha!.create({ goal: problem.goal, rungs: [0.25, 1], eta: 4 });
  const { handle, store } = simulate({ trials: 60, scheduler: scheduler() });
  await handle.done;
  const whole = digest(store);
  const log = [...store.events('study')];
  for (const last of [25, 40, 59]) {
    const cut = log.findIndex((event) => event.type === 'asked' && event.trial === last);
    const second = newStore();
    second.append('study', log.slice(0, cut + 1));
    const smaller = simulate({ store: second, trials: last - 6, scheduler: scheduler() });
    expect((await smaller.handle.done).reason).toBe('budget');
    expect(smaller.executor.requests.every(({ trial }) => trial < last - 6)).toBe(true);
    const larger = simulate({ store: second, trials: 60, scheduler: scheduler() });
    await larger.handle.done;
    expect(digest(second)).toBe(whole);
  }
});

it('runs a trial again whose abortion was recorded', async () => {
  const { handle, store } = simulate({ trials: 1 });
  await handle.done;
  const log = [...store.events('study')].map((event): StudyEvent => {
    const outcome = { state: 'aborted', reason: 'stopped', seconds: 1 } as const;
    return event.type === 'finished' ? { ...event, outcome } : event;
  });
  const second = newStore();
  second.append('study', log);
  const { handle: again, executor } = simulate({ store: second, trials: 1 });
  expect((await again.done).counts.done).toBe(1);
  expect(executor.requests).toMatchObject([{ trial: 0, attempt: 2 }]);
});

describe('a damaged log', () => {
  const asked = (trial: number): StudyEvent => ({ type: 'asked', at: 0, trial, candidate: {}, key: `${trial}`, origin: 'x' });

  it.each([
    ['a gap between trials', [asked(0), asked(2)]],
    ['a trial that nobody asked', [asked(0), { type: 'started', at: 0, trial: 1, attempt: 1, worker: 0 }]],
    ['trials asked before the results they need', Array.from({ length: 12 }, (_, trial) => asked(trial))],
  ] as [string, StudyEvent[]][])('is refused: %s', (_, events) => {
    const store = newStore();
    store.append('study', events);
    expect(() => simulate({ store })).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  });
});
