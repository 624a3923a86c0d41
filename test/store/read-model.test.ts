import { describe, expect, it } from 'vitest';
import type { StudyEvent } from '../../src/core/event.ts';
import type { Outcome } from '../../src/core/trial.ts';
import { frontOf } from '../../src/search/study/progress.ts';
import { applyEvent, createMemoryStore, emptyView, readStudy } from '../../src/store/index.ts';
import { asked, done, finished, recordOf, session, started } from './harness.ts';

const storeWith = (events: readonly StudyEvent[]) => {
  const store = createMemoryStore();
  store.create(recordOf('a'));
  store.append('a', events);
  return store;
};

const failed = { state: 'failed', code: 'DEADLINE', message: 'too long', seconds: 3 } as const;
const aborted = { state: 'aborted', reason: 'stopped', seconds: 2 } as const;

describe('read-model', () => {
  it('folds events into trials, sessions and the last snapshot', () => {
    const events: StudyEvent[] = [
      session('begin', 1),
      asked(0),
      asked(1),
      asked(2),
      started(0),
      started(1),
      finished(1, { state: 'failed', code: 'DIVERGED', message: 'NaN', seconds: 1 }),
      finished(0),
      { type: 'snapshot', at: 9, told: 1, state: 'early' },
      { type: 'snapshot', at: 9, told: 2, state: 'late' },
    ];
    const view = readStudy(storeWith(events), 'a');
    const { candidate } = asked(0) as Extract<StudyEvent, { type: 'asked' }>;
    expect(view.trials).toEqual([
      { number: 0, candidate, key: 'k0', origin: 'random', ...done, finishedAt: 4000 },
      {
        number: 1,
        candidate,
        key: 'k1',
        origin: 'random',
        state: 'failed',
        code: 'DIVERGED',
        message: 'NaN',
        seconds: 1,
        finishedAt: 4000,
      },
      { number: 2, candidate, key: 'k2', origin: 'random', state: 'waiting' },
    ]);
    expect(view.sessions).toEqual([{ begin: { at: 1, facts: { reason: 'begin' } } }]);
    expect(view.snapshot).toEqual({ told: 2, state: 'late' });
    expect(view.record).toEqual(recordOf('a'));
    expect(view.position).toBe(events.length);
  });

  it('shows a trial as running only while its search lives', () => {
    const store = storeWith([session('begin', 1000), asked(0), started(0, 3000)]);
    const lease = store.lease('a');
    expect(readStudy(store, 'a').trials[0]).toMatchObject({ state: 'running', attempt: 0, worker: 0, startedAt: 3000 });
    lease.release();
    expect(readStudy(store, 'a').trials[0]).toMatchObject({ state: 'aborted', reason: expect.stringContaining('search ended') });
  });

  it('shows what a killed search left, and its run after a resume', () => {
    const store = storeWith([session('begin', 1000), asked(0), started(0, 3000), session('begin', 8000)]);
    store.lease('a');
    expect(readStudy(store, 'a').trials[0]).toMatchObject({ state: 'aborted', seconds: 5, finishedAt: 8000 });
    store.append('a', [started(0, 9000, 1)]);
    const running = readStudy(store, 'a').trials[0]!;
    expect(running).toMatchObject({ state: 'running', attempt: 1 });
    expect(running).not.toHaveProperty('reason');
    store.append('a', [finished(0, aborted), started(0, 9500, 2), finished(0), session('end', 9900)]);
    const view = readStudy(store, 'a');
    expect(view.trials[0]).toMatchObject({ state: 'done' });
    expect(view.sessions.map(({ end }) => end?.at)).toEqual([undefined, 9900]);
  });

  it('counts the seconds of all rungs of a trial, not those of a run that was aborted', () => {
    const goesOn: StudyEvent = { type: 'continued', at: 5000, trial: 0, rung: 1 };
    const first = { ...done, seconds: 4 };
    const events = [asked(0), started(0), finished(0, first), goesOn, started(0), finished(0, aborted), started(0)];
    const store = storeWith([session('begin', 1), ...events, finished(0, { ...done, seconds: 3 })]);
    expect(readStudy(store, 'a').trials[0]).toMatchObject({ state: 'done', seconds: 7 });
  });

  it.each([failed, { ...failed, code: 'STOPPED' }])(
    'keeps what was measured of a trial that fails at a later rung ($code)',
    (outcome) => {
      const goesOn: StudyEvent = { type: 'continued', at: 5000, trial: 0, rung: 1 };
      const first: Outcome = { state: 'done', metrics: { accuracy: 0.5 }, seconds: 4 };
      const events = [asked(0), started(0), finished(0, first), goesOn, started(0), finished(0, outcome)];
      const view = readStudy(storeWith([session('begin', 1), ...events]), 'a');
      expect(view.trials[0]).toMatchObject({
        state: 'failed',
        code: outcome.code,
        seconds: 7,
        earlier: { state: 'done', seconds: 4 },
      });
      const goal = { objectives: [{ metric: 'accuracy', direction: 'maximize' as const }], constraints: [] };
      expect(frontOf(view.trials, goal)).toMatchObject([{ number: 0, metrics: { accuracy: 0.5 }, seconds: 4 }]);
    },
  );

  it('can be carried on event by event', () => {
    const events = [session('begin', 1), asked(0), started(0), finished(0), asked(1), session('end', 9)];
    const store = storeWith(events);
    const view = emptyView(recordOf('a'));
    for (const event of events) applyEvent(view, event);
    expect(view).toEqual(readStudy(store, 'a'));
    store.append('a', [session('begin', 10), started(1)]);
    for (const event of store.events('a', view.position)) applyEvent(view, event);
    expect(view.trials[1]).toMatchObject({ state: 'running' });
  });

  it.each([
    ['a trial that was never asked', [asked(0), finished(1)], 'trial 1 was never asked'],
    ['a gap in the trials', [asked(1)], 'trial 1 was asked where 0 is next'],
    ['an end without a beginning', [session('end', 1)], 'never began'],
  ])('refuses %s', (_, events, message) => {
    expect(() => readStudy(storeWith(events), 'a')).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT', message: expect.stringContaining(message) }),
    );
  });

  it('names the study that is not there', () => {
    expect(() => readStudy(storeWith([]), 'b')).toThrow(expect.objectContaining({ code: 'STORE_MISSING' }));
  });
});
