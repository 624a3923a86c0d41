import { describe, expect, it } from 'vitest';
import { NoiseWatch } from '../../src/cli/noise-watch.ts';
import type { LiveEvent } from '../../src/core/event.ts';

const measured = (noisy: boolean, baselineMs: number): LiveEvent => ({
  type: 'finished',
  at: 0,
  trial: 0,
  outcome: { state: 'done', metrics: {}, details: { latency: { noisy, baselineMs } }, seconds: 1 },
});

function warningsOf(events: readonly LiveEvent[]): string[] {
  const warnings: string[] = [];
  const watch = new NoiseWatch((message) => warnings.push(message));
  for (const event of events) watch.see(event);
  return warnings;
}

const times = (count: number, noisy: boolean, baselineMs = 1) => Array.from({ length: count }, () => measured(noisy, baselineMs));

describe('a busy machine', () => {
  it('is told once, and again after it was quiet', () => {
    expect(warningsOf([...times(4, true), ...times(20, false)])).toEqual([]);
    const once = [...times(20, false), ...times(30, true)];
    expect(warningsOf(once)).toEqual([expect.stringContaining('5 of the last 11 latencies are noisy')]);
    expect(warningsOf([...once, ...times(10, false), ...times(10, true)])).toHaveLength(2);
  });

  it('is nothing that a trial without a latency, or a failed one, can tell', () => {
    const failed: LiveEvent = {
      type: 'finished',
      at: 0,
      trial: 0,
      outcome: { state: 'failed', code: 'X', message: '', seconds: 1 },
    };
    const plain: LiveEvent = { type: 'finished', at: 0, trial: 0, outcome: { state: 'done', metrics: {}, seconds: 1 } };
    expect(warningsOf([failed, plain])).toEqual([]);
  });
});

describe('a machine that changes', () => {
  it('is told by the dense network’s time, once for each change', () => {
    expect(warningsOf([...times(11, false, 1), ...times(30, false, 1.1)])).toEqual([]);
    const slower = [...times(11, false, 1), ...times(30, false, 1.3)];
    expect(warningsOf(slower)).toEqual([expect.stringMatching(/takes 1\.30 ms now, 1\.00 ms before/)]);
    expect(warningsOf([...slower, ...times(30, false, 1)])).toHaveLength(2);
  });
});
