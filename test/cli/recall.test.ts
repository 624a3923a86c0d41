import { describe, expect, it } from 'vitest';
import { TrialRecall } from '../../src/cli/recall.ts';
import type { StudyEvent } from '../../src/core/event.ts';
import { createMemoryStore } from '../../src/store/index.ts';
import { recordOf } from '../store/harness.ts';

const asked = (trial: number): StudyEvent => ({
  type: 'asked',
  at: 1,
  trial,
  candidate: { width: trial },
  key: `${trial}`,
  origin: 'random',
});
const started = (trial: number): StudyEvent => ({ type: 'started', at: 2, trial, attempt: 1, worker: 0 });
const finished = (trial: number, epochs: number): StudyEvent => ({
  type: 'finished',
  at: 3,
  trial,
  outcome: { state: 'done', metrics: {}, seconds: 1, details: { epochs } },
});

describe('what a screen recalls of a trial', () => {
  const store = createMemoryStore();
  const record = recordOf('study');
  store.create(record);
  const recall = new TrialRecall(store, record.name);

  it('is nothing before it was asked, its candidate while it runs, and its details when it has ended', () => {
    recall.catchUp();
    expect(recall.of(0)).toBeUndefined();
    store.append(record.name, [asked(0), started(0)]);
    recall.catchUp();
    expect(recall.of(0)).toEqual({ candidate: { width: 0 } });
    store.append(record.name, [finished(0, 1)]);
    recall.catchUp();
    expect(recall.of(0)).toEqual({ candidate: { width: 0 }, details: { epochs: 1 } });
    expect(recall.of(0)).toBe(recall.of(0));
  });

  it('is of the latest rung', () => {
    store.append(record.name, [{ type: 'continued', at: 4, trial: 0, rung: 1 }, started(0), finished(0, 4)]);
    recall.catchUp();
    expect(recall.of(0)?.details).toEqual({ epochs: 4 });
  });

  it('is of the right trial where several run beside each other', () => {
    store.append(record.name, [asked(1), asked(2), started(1), started(2), finished(2, 7), finished(1, 9)]);
    recall.catchUp();
    expect([1, 2].map((trial) => recall.of(trial))).toEqual([
      { candidate: { width: 1 }, details: { epochs: 9 } },
      { candidate: { width: 2 }, details: { epochs: 7 } },
    ]);
  });
});
