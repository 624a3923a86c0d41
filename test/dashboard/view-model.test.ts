import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/core/event.ts';
import { measuredTrial, type Outcome, type Progress } from '../../src/core/trial.ts';
import { countTrials, elapsed } from '../../src/dashboard/panel-props.ts';
import { emptyModel, foldEvents, foldSince, reduce } from '../../src/dashboard/view-model.ts';
import { simulatedEvents } from '../fixtures/simulated-events.ts';

const begin = (at = 0): LiveEvent => ({ type: 'session', at, phase: 'begin', facts: {} });
const end = (at: number): LiveEvent => ({ type: 'session', at, phase: 'end', facts: {} });
const asked = (trial: number): LiveEvent => ({
  type: 'asked',
  at: 1,
  trial,
  candidate: { a: trial },
  key: `${trial}`,
  origin: 'random',
});
const started = (trial: number, worker = 0, attempt = 1): LiveEvent => ({ type: 'started', at: 2, trial, attempt, worker });
const finished = (trial: number, outcome: Outcome, at = 3): LiveEvent => ({ type: 'finished', at, trial, outcome });
const progress = (trial: number, fields: Partial<Progress> = {}): LiveEvent => ({
  type: 'progress',
  at: 2,
  trial,
  worker: 0,
  progress: { stage: 'train', done: 1, total: 10, ...fields },
});
const done = { state: 'done', metrics: { accuracy: 0.9 }, seconds: 1 } as const;
const half: Outcome = { ...done, rung: { index: 0, fidelity: 0.5, ends: [0.5, 1], epochs: 1 } };
const stop = (trial: number): LiveEvent => ({ type: 'stopped', at: 4, trial, reason: 'others are ahead' });
const failed: Outcome = { state: 'failed', code: 'DIVERGED', message: 'NaN', seconds: 1 };
const stopped: Outcome = { state: 'failed', code: 'STOPPED', message: 'ended by hand', seconds: 1 };
const aborted: Outcome = { state: 'aborted', reason: 'stopped', seconds: 1 };

describe('fold of the events', () => {
  it.each<[string, LiveEvent[], object]>([
    ['asked', [begin(), asked(1)], { waiting: 1 }],
    ['started', [begin(), asked(1), started(1)], { running: 1 }],
    ['done', [begin(), asked(1), started(1), finished(1, done)], { done: 1, over: 1 }],
    ['failed', [begin(), asked(1), started(1), finished(1, failed)], { failed: 1, over: 1 }],
    ['paused', [begin(), asked(1), started(1), finished(1, half)], { paused: 1, over: 1 }],
    ['stopped where it paused', [begin(), asked(1), started(1), finished(1, half), stop(1)], { stopped: 1, over: 1 }],
    ['stopped by a person', [begin(), asked(1), started(1), finished(1, stopped)], { stopped: 1, over: 1 }],
    ['aborted, so it waits again', [begin(), asked(1), started(1), finished(1, aborted)], { waiting: 1 }],
    ['killed with its session', [begin(), asked(1), started(1), begin(9)], { waiting: 1 }],
    ['an unknown trial is ignored', [begin(), started(7), finished(7, done)], {}],
  ])('counts a trial that is %s', (_, events, expected) => {
    const none = { done: 0, failed: 0, paused: 0, stopped: 0, over: 0, running: 0, waiting: 0, total: 5 };
    expect(countTrials(foldEvents(emptyModel, events), { trials: 5 })).toEqual({ ...none, ...expected });
  });

  it('counts the seconds of all rungs of a trial, not those of a run that was aborted', () => {
    const rung = [asked(1), started(1), finished(1, done), { type: 'continued', at: 1, trial: 1, rung: 1 } as const];
    const model = foldEvents(emptyModel, [begin(), ...rung, started(1), finished(1, aborted), started(1), finished(1, done)]);
    expect(model.trials.get(1)).toMatchObject({ state: 'done', seconds: 2 });
    expect(model.finished).toMatchObject([{ number: 1, seconds: 2 }]);
  });

  it('keeps what was measured of a trial that fails at a later rung', () => {
    const rung = [asked(1), started(1), finished(1, done), { type: 'continued', at: 1, trial: 1, rung: 1 } as const];
    const model = foldEvents(emptyModel, [begin(), ...rung, started(1), finished(1, failed)]);
    expect(model.trials.get(1)).toMatchObject({ state: 'failed', seconds: 2, earlier: { state: 'done', seconds: 1 } });
    expect(model.finished.map(measuredTrial)).toMatchObject([{ number: 1, state: 'done' }]);
  });

  it('shows what each worker does', () => {
    const before = foldEvents(emptyModel, [begin(), asked(1), started(1), progress(1)]);
    expect(before.slots.get(0)).toEqual({ trial: 1, progress: { stage: 'train', done: 1, total: 10 } });
    expect(reduce(before, finished(1, done)).slots.get(0)).toEqual({});
  });

  it('takes progress of a trial that has not started as the preparation of all', () => {
    const model = foldEvents(emptyModel, [begin(), progress(0, { stage: 'data' })]);
    expect(model.preparation?.stage).toBe('data');
    expect(foldEvents(model, [asked(0), started(0)]).preparation).toBeUndefined();
  });

  it('keeps a learning curve, thinned, and starts it again with the next attempt', () => {
    const steps = Array.from({ length: 1000 }, (_, i) => progress(1, { loss: 1000 - i, accuracy: i / 1000 }));
    const model = foldEvents(emptyModel, [begin(), asked(1), started(1), ...steps]);
    const curve = model.curves.get(1)!;
    expect(curve.length).toBeLessThanOrEqual(64);
    expect(curve[0]).toEqual({ loss: 1000, accuracy: 0 });
    expect(curve.at(-1)!.loss).toBe(1);
    expect(reduce(model, started(1, 0, 2)).curves.get(1)).toBeUndefined();
  });

  it('keeps the learning curves of the latest trials, and of those that run', () => {
    const trained = (trial: number) => [asked(trial), started(trial), progress(trial, { loss: 1 }), finished(trial, done)];
    const many = Array.from({ length: 150 }, (_, i) => trained(i + 2)).flat();
    const { curves } = foldEvents(emptyModel, [begin(), asked(1), started(1, 1), progress(1, { loss: 1 }), ...many]);
    expect(curves.size).toBe(100);
    expect([...curves.keys()].slice(0, 2)).toEqual([1, 53]);
  });

  it('logs messages and the ends of trials, the last 1000', () => {
    const messages = Array.from({ length: 1100 }, (_, i): LiveEvent => ({ type: 'log', at: i, level: 'info', message: `${i}` }));
    const model = foldEvents(emptyModel, [begin(), ...messages, asked(1), started(1), finished(1, done, 5000)]);
    expect(model.log).toHaveLength(1000);
    expect(model.log[0]).toEqual({ elapsedMs: 101, level: 'info', message: '101' });
    expect(model.log.at(-1)).toEqual({ elapsedMs: 5000, trial: 1 });
  });

  it('adds up the time of all sessions, also of one that was killed', () => {
    const killed = foldEvents(emptyModel, [begin(1000), asked(1), { type: 'log', at: 4000, level: 'info', message: '' }]);
    expect(elapsed(killed, 5000)).toBe(4000);
    const resumed = reduce(killed, begin(100_000));
    expect(elapsed(resumed, 102_000)).toBe(3000 + 2000);
    expect(elapsed(reduce(resumed, end(107_000)), 999_000)).toBe(3000 + 7000);
  });

  it('counts the preparation of a session to its time', () => {
    const preparing = foldEvents(emptyModel, [{ ...progress(0), at: 1000 }]);
    expect(preparing.session.phase).toBe('preparing');
    expect(elapsed(preparing, 5000)).toBe(4000);
    const running = reduce(preparing, begin(8000));
    expect(running.session).toMatchObject({ phase: 'running', startedAt: 1000, begunAt: 8000 });
    expect(elapsed(running, 9000)).toBe(8000);
  });

  it.each<[string, LiveEvent[]]>([
    ['ended', [end(4000)]],
    ['killed', [{ type: 'log', at: 4000, level: 'info', message: '' }]],
  ])('knows that an earlier session, %s, does not run any more', (_, last) => {
    const past = [begin(1000), asked(1), started(1), progress(1), ...last];
    const model = foldSince(emptyModel, past, 100_000);
    expect(model.session.phase).toBe('none');
    expect(model.slots.size).toBe(0);
    expect(model.trials.get(1)!.state).toBe('waiting');
    expect(elapsed(model, 100_000)).toBe(3000);
    const resumed = foldSince(model, [{ ...progress(0), at: 101_000 }], 100_000);
    expect(elapsed(resumed, 103_000)).toBe(5000);
    expect(foldSince(emptyModel, [...past, { ...progress(0), at: 101_000 }], 100_000)).toEqual(resumed);
  });

  it('gives the same model event by event, and leaves the model before as it was', () => {
    const events = simulatedEvents({ trials: 12 });
    const whole = foldEvents(emptyModel, events);
    expect(events.reduce(reduce, emptyModel)).toEqual(whole);
    expect(emptyModel.trials.size).toBe(0);
    expect(whole.finished).toHaveLength(12);
  });
});

describe('simulated events', () => {
  it('are the same every time, in order of time', () => {
    const events = simulatedEvents();
    expect(simulatedEvents()).toEqual(events);
    expect(events.every(({ at }, i) => i === 0 || at >= events[i - 1]!.at)).toBe(true);
  });
});
