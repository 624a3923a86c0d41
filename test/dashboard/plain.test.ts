import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/core/event.ts';
import { ndjsonReporter } from '../../src/dashboard/ndjson.ts';
import { plainReporter } from '../../src/dashboard/plain.ts';
import { simulatedAnalysis, simulatedEvents, simulatedGoal } from '../fixtures/simulated-events.ts';

/** What is printed for these events, at their own times; `openedAt`: when the reporter was made. */
function linesFor(events: readonly LiveEvent[], openedAt = 0): string[] {
  let clock = openedAt;
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const reporter = plainReporter({
    write,
    goal: simulatedGoal,
    budget: { trials: 15, workers: 2 },
    analyse: simulatedAnalysis,
    now: () => clock,
  });
  for (const event of events) {
    clock = Math.max(openedAt, event.at);
    reporter.emit(event);
  }
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

const events = simulatedEvents({ trials: 15 });

describe('plain reporter', () => {
  const lines = linesFor(events);

  it('prints the whole search', () => {
    expect(lines).toMatchInlineSnapshot(`
      [
        "15 trials, 2 at once",
        "Fashion-MNIST: 60000 + 10000 images, verified",
        "training the baseline  epoch 1/12  0 %  loss 2.300  accuracy 13.0 %",
        "training the baseline  epoch 2/12  9 %  loss 1.474  accuracy 51.9 %",
        "training the baseline  epoch 3/12  17 %  loss 0.973  accuracy 71.9 %",
        "training the baseline  epoch 4/12  25 %  loss 0.669  accuracy 82.2 %",
        "training the baseline  epoch 5/12  34 %  loss 0.484  accuracy 87.4 %",
        "training the baseline  epoch 6/12  42 %  loss 0.372  accuracy 90.1 %",
        "training the baseline  epoch 7/12  50 %  loss 0.305  accuracy 91.5 %",
        "training the baseline  epoch 8/12  59 %  loss 0.263  accuracy 92.2 %",
        "training the baseline  epoch 9/12  67 %  loss 0.238  accuracy 92.6 %",
        "training the baseline  epoch 10/12  75 %  loss 0.223  accuracy 92.8 %",
        "training the baseline  epoch 11/12  84 %  loss 0.214  accuracy 92.9 %",
        "training the baseline  epoch 12/12  92 %  loss 0.209  accuracy 92.9 %",
        "1/15  baseline  accuracy 92.47 %  size 1.09 MB  on the front",
        "2/15  trial 2  accuracy 88.67 %  size 36.6 kB  on the front",
        "3/15  trial 1  accuracy 88.48 %  size 453 kB",
        "4/15  trial 4  accuracy 89.70 %  size 113 kB  on the front",
        "5/15  trial 3  accuracy 88.28 %  size 30.9 kB  on the front",
        "6/15  trial 6  accuracy 91.41 %  size 655 kB  on the front  55 s left",
        "7/15  trial 5  accuracy 86.29 %  size 55.7 kB  53 s left",
        "8/15  trial 7  accuracy 90.98 %  size 178 kB  on the front  44 s left",
        "9/15  trial 8  accuracy 85.57 %  size 28.7 kB  on the front  39 s left",
        "10/15  trial 10  accuracy 90.61 %  size 139 kB  on the front  33 s left",
        "11/15  trial 9  accuracy 90.84 %  size 411 kB  26 s left",
        "12/15  trial 11  accuracy 92.27 %  size 611 kB  on the front  19 s left",
        "13/15  trial 12  accuracy 87.44 %  size 225 kB  12 s left",
        "14/15  trial 13  failed: DIVERGED: the loss became NaN at step 212 of 938. Lower the learning rate, or prune less at once.  6 s left",
        "15/15  trial 14  accuracy 89.24 %  size 73.7 kB  on the front",
        "ended after 2 min 34 s: 14 done, 1 failed, 9 on the front, best 1.8× smaller at −0.20 points (trial 11)",
      ]
    `);
  });

  it('has no escape sequence and one line per finished trial', () => {
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
    expect(lines.filter((line) => /^\d+\/15 {2}/.test(line))).toHaveLength(15);
  });

  it('keeps messages with line breaks and escapes on one plain line', () => {
    expect(linesFor([{ type: 'log', at: 1, level: 'warning', message: 'one\n\x1b[2Jtwo' }])).toEqual(['warning: one [2Jtwo']);
  });

  it('counts what earlier sessions did without printing it again', () => {
    const half = events.slice(0, Math.floor(events.length / 2));
    const later = half.at(-1)!.at + 1000;
    const resumed: LiveEvent = { type: 'session', at: later, phase: 'begin', facts: {} };
    const finished = half.filter(({ type }) => type === 'finished').length;
    expect(linesFor([...half, resumed], later)).toEqual([`15 trials, 2 at once, ${finished} of them already finished`]);
    const goesOn: LiveEvent = { type: 'continued', at: later - 1, trial: 1, rung: 1 };
    expect(linesFor([...half, goesOn, resumed], later)).toEqual([
      `15 trials, 2 at once, ${finished - 1} of them already finished`,
    ]);
  });
});

describe('NDJSON reporter', () => {
  it('writes every event as one line that parses back', () => {
    let text = '';
    const reporter = ndjsonReporter({
      write: (more) => {
        text += more;
      },
    });
    for (const event of events) reporter.emit(event);
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as LiveEvent)).toEqual(events);
    expect(lines.every((line) => /^\{"type":"\w+","at":\d/.test(line))).toBe(true);
  });

  it('writes numbers that are not finite as null', () => {
    const written: string[] = [];
    const outcome = { state: 'done' as const, metrics: { accuracy: Number.NaN }, seconds: 1 };
    ndjsonReporter({ write: (text) => written.push(text) }).emit({ at: 5, trial: 1, type: 'finished', outcome });
    expect(written).toEqual([
      '{"type":"finished","at":5,"trial":1,"outcome":{"state":"done","metrics":{"accuracy":null},"seconds":1}}\n',
    ]);
  });
});
