import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/core/event.ts';
import type { Json } from '../../src/core/json.ts';
import type { Metrics } from '../../src/core/objective.ts';
import { bestSoFar, bestText, detailProps, logLines, remaining, trialRows, workerRows } from '../../src/dashboard/panel-props.ts';
import { emptyModel, foldEvents, type ViewModel } from '../../src/dashboard/view-model.ts';
import { simulatedAnalysis, simulatedEvents, simulatedGoal } from '../fixtures/simulated-events.ts';

/** A model with these trials done in order, one every 10 seconds. */
function doneTrials(list: readonly Metrics[]): ViewModel {
  const events = list.flatMap((metrics, trial): LiveEvent[] => [
    { type: 'asked', at: trial * 10_000, trial, candidate: {}, key: `${trial}`, origin: 'random' },
    { type: 'started', at: trial * 10_000, trial, attempt: 1, worker: 0 },
    { type: 'finished', at: (trial + 1) * 10_000, trial, outcome: { state: 'done', metrics, seconds: 10 } },
  ]);
  return foldEvents(emptyModel, [{ type: 'session', at: 0, phase: 'begin', facts: {} }, ...events]);
}

const baseline = { accuracy: 0.92, size: 1000 };
const goal = { ...simulatedGoal, constraints: [] };

describe('best so far', () => {
  it.each<[string, Metrics[], number | undefined]>([
    ['nothing without trials', [], undefined],
    [
      'the smallest within one point',
      [
        { accuracy: 0.915, size: 500 },
        { accuracy: 0.911, size: 100 },
        { accuracy: 0.9, size: 10 },
      ],
      2,
    ],
    ['nothing when all lose more', [{ accuracy: 0.9, size: 10 }], undefined],
    ['not a trial without numbers', [{ accuracy: Number.NaN, size: 10 }, { size: 10 }], undefined],
  ])('is %s', (_, list, expected) => expect(bestSoFar(doneTrials([baseline, ...list]).finished, goal)?.trial).toBe(expected));

  it('is the fastest where the search is for time', () => {
    const fast = { ...goal, objectives: [goal.objectives[0]!, { metric: 'latencyMs', direction: 'minimize' } as const] };
    const dense = { ...baseline, latencyMs: 3 };
    const model = doneTrials([dense, { accuracy: 0.915, size: 10, latencyMs: 2 }, { accuracy: 0.913, size: 900, latencyMs: 1 }]);
    const best = bestSoFar(model.finished, fast);
    expect(best).toMatchObject({ trial: 2, saved: { metric: 'latencyMs', times: 3 } });
    expect(bestText(best!)).toMatch(/^3\.0× faster at /);
    expect(bestText({ ...best!, saved: { metric: 'macs', times: 3 } })).toMatch(/^3\.0× fewer MACs at /);
  });

  it('is nothing where no trial saves anything, and the most accurate one where nothing is to be saved', () => {
    const { finished } = doneTrials([baseline, { accuracy: 0.915, size: 1000 }, { accuracy: 0.93, size: 5000 }]);
    expect(bestSoFar(finished, goal)).toBeUndefined();
    const best = bestSoFar(finished, { ...goal, objectives: [goal.objectives[0]!] });
    expect(best?.trial).toBe(2);
    expect(bestText(best!)).toMatch(/^\+\d\.\d\d points$/);
  });

  it('meets the constraints', () => {
    const model = doneTrials([baseline, { accuracy: 0.915, size: 100 }, { accuracy: 0.913, size: 50 }]);
    expect(bestSoFar(model.finished, { ...goal, constraints: [{ metric: 'size', op: '>=', bound: 80 }] })?.trial).toBe(1);
  });
});

describe('time left', () => {
  const model = doneTrials(Array.from({ length: 8 }, () => baseline));

  it('follows the pace', () => expect(remaining(model, { trials: 20, workers: 1 }, 80_000)).toBe(120_000));
  it('is cut by the time limit', () => expect(remaining(model, { trials: 20, workers: 1, seconds: 100 }, 80_000)).toBe(20_000));
  it('follows trials that go on to another rung in a later session', () => {
    const begin: LiveEvent = { type: 'session', at: 100_000, phase: 'begin', facts: {} };
    const goOn = [1, 2, 3, 4, 5].flatMap((trial): LiveEvent[] => [
      { type: 'continued', at: 100_000, trial, rung: 1 },
      { type: 'finished', at: 100_000 + 10_000 * trial, trial, outcome: { state: 'done', metrics: baseline, seconds: 1 } },
    ]);
    expect(remaining(foldEvents(model, [begin, ...goOn]), { trials: 20, workers: 1 }, 150_000)).toBe(120_000);
  });
  it('is unknown before the first trials', () => expect(remaining(doneTrials([baseline]), { trials: 20 }, 0)).toBeUndefined());
});

describe('rows of trials', () => {
  const model = doneTrials([baseline, { accuracy: 0.9, size: 500 }, { accuracy: 0.91, size: 400 }, { accuracy: 0.5, size: 800 }]);
  const parts = { ...model, front: [1, 2], recall: undefined };

  it('list the front by accuracy, the baseline first', () => {
    expect(trialRows(parts, 'front').map(({ trial }) => trial)).toEqual([0, 2, 1]);
  });

  it('list all from the newest, compared with the baseline', () => {
    const rows = trialRows(parts, 'all');
    expect(rows.map(({ trial }) => trial)).toEqual([0, 3, 2, 1]);
    expect(rows[3]).toMatchObject({ onFront: true, timesSmaller: 2, accuracyDelta: expect.closeTo(-0.02) });
  });
});

describe('learning curve', () => {
  const finishedWith = (details: Json) =>
    foldEvents(emptyModel, [
      { type: 'asked', at: 0, trial: 1, candidate: {}, key: '', origin: 'random' },
      { type: 'finished', at: 1, trial: 1, outcome: { state: 'done', metrics: {}, seconds: 1, details } },
    ]);

  it.each<[Json, number[]]>([
    [
      {
        curve: [
          { epoch: 1, loss: 0.5 },
          { epoch: 2, loss: 0.25 },
        ],
      },
      [0.5, 0.25],
    ],
    [{ curve: [{ epoch: 1 }, null, 3] }, []],
    [{ curve: 'none' }, []],
    [[1, 2], []],
    [null, []],
  ])('is taken from the details %j of a trial that was not seen running', (details, losses) => {
    const props = detailProps(finishedWith(details), { front: [], hypervolume: 0 }, goal, 1);
    expect(props!.curve.map(({ loss }) => loss)).toEqual(losses);
  });
});

describe('workers and log', () => {
  const events = simulatedEvents({ trials: 20, workers: 3 });

  it('show idle workers too', () => {
    expect(workerRows(emptyModel, { trials: 1, workers: 2 })).toEqual([{ worker: 0 }, { worker: 1 }]);
  });

  it('show the work that all wait for as one row', () => {
    const rows = workerRows(foldEvents(emptyModel, events.slice(0, 10)), { trials: 20, workers: 3 });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ trial: 0, stage: 'training the baseline', epoch: '1/12' });
  });

  it('tell why a trial failed', () => {
    const model = foldEvents(emptyModel, events);
    const lines = logLines(model, simulatedAnalysis(model.finished, []), simulatedGoal);
    const line = lines.find((line) => line.kind === 'trial' && line.trial === 13);
    expect(line).toMatchObject({ failure: expect.stringContaining('DIVERGED: the loss became NaN') });
  });
});
