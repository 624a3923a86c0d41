import { describe, expect, it } from 'vitest';
import type { Goal, Metrics } from '../../../src/core/objective.ts';
import { Bracket } from '../../../src/search/schedulers/bracket.ts';
import { hyperband } from '../../../src/search/schedulers/hyperband.ts';
import { MeasuredFront } from '../../../src/search/schedulers/outlook.ts';

const goal: Goal = {
  objectives: [
    { metric: 'accuracy', direction: 'maximize' },
    { metric: 'size', direction: 'minimize' },
  ],
  constraints: [{ metric: 'accuracy', op: '>=', bound: 0.5 }],
};

function bracket(ends = [1 / 9, 1 / 3, 1]) {
  const it = new Bracket({ ends, eta: 3, goal, front: new MeasuredFront(goal) });
  const tell = (trial: number, metrics: Metrics | undefined, rung = 0) =>
    it.tell({ trial, rung, complete: rung === ends.length - 1, ...(metrics ? { metrics } : {}) });
  return { tell, next: () => it.next(), goOn: (trial: number) => it.continued(trial) };
}

describe('promotion', () => {
  it('prefers the feasible, then the non-dominated, then the lonely, then the older', () => {
    const { tell, next, goOn } = bracket();
    const metrics: Metrics[] = [
      { accuracy: 0.4, size: 10 }, // misses the constraint, however small
      { accuracy: 0.7, size: 100 }, // dominated by 3
      { accuracy: 0.9, size: 200 }, // an end of the front
      { accuracy: 0.8, size: 90 }, // between 2 and 4, lonelier than 5
      { accuracy: 0.6, size: 50 }, // the other end
      { accuracy: 0.61, size: 52 }, // beside 4
    ];
    for (const [trial, each] of metrics.entries()) tell(trial, each);
    const order: number[] = [];
    for (let trial = 6; order.length < 6; trial += 3) {
      for (let chosen = next(); chosen !== undefined; chosen = next()) {
        order.push(chosen);
        goOn(chosen);
      }
      // Three more that miss the constraint by far: one more of the others may go on.
      for (const more of [trial, trial + 1, trial + 2]) tell(more, { accuracy: 0.1, size: 1 });
    }
    expect(order).toEqual([2, 4, 3, 5, 1, 0]);
  });

  it('counts failed trials as the worst, and takes the nearest misses where nothing is feasible', () => {
    const { tell, next } = bracket();
    tell(0, undefined);
    tell(1, { accuracy: 0.1, size: 1 });
    expect(next()).toBeUndefined();
    expect(tell(2, { accuracy: 0.3, size: 9 }).state).toBe('due');
    expect(next()).toBe(2);
  });

  it('serves the highest rung first', () => {
    const { tell, next, goOn } = bracket();
    for (let trial = 0; trial < 9; trial++) tell(trial, { accuracy: 0.6 + trial / 100, size: 100 - trial });
    const first: number[] = [];
    for (let trial = next(); trial !== undefined && first.length < 3; trial = next()) {
      first.push(trial);
      goOn(trial);
    }
    for (const trial of first) tell(trial, { accuracy: 0.8, size: 100 - trial }, 1);
    for (let trial = 9; trial < 12; trial++) tell(trial, { accuracy: 0.9, size: 50 - trial });
    expect(first).toContain(next());
  });
});

describe('hopeless trials', () => {
  /** Five trials gained 0.1 from the first rung to the last: up to 0.15 is held possible. */
  function experienced() {
    const it = bracket([0.5, 1]);
    for (let trial = 0; trial < 5; trial++) {
      it.tell(trial, { accuracy: 0.7 + trial / 100, size: 100 - trial });
      it.tell(trial, { accuracy: 0.8 + trial / 100, size: 100 - trial }, 1);
    }
    return it;
  }

  it('are stopped where even the largest gain leaves them dominated, or infeasible', () => {
    const { tell } = experienced();
    expect(tell(5, { accuracy: 0.68, size: 100 })).toEqual({ state: 'stopped', reason: expect.stringContaining('dominated') });
    expect(tell(6, { accuracy: 0.3, size: 1 })).toEqual({ state: 'stopped', reason: expect.stringContaining('constraints') });
    expect(tell(7, { accuracy: 0.72, size: 100 }).state).not.toBe('stopped');
    expect(tell(8, { accuracy: 0.4, size: 1 }).state).not.toBe('stopped');
  });

  it('are not judged before enough others went on', () => {
    const { tell } = bracket([0.5, 1]);
    for (let trial = 0; trial < 4; trial++) {
      tell(trial, { accuracy: 0.9, size: 10 });
      tell(trial, { accuracy: 0.9, size: 10 }, 1);
    }
    expect(tell(9, { accuracy: 0.1, size: 100 }).state).toBe('aside');
  });
});

describe('promise', () => {
  const sizes = [10, 20, 40, 80, 160];

  /** Five trials of different sizes gained 0.1 each: all is known of what becomes of the next ones. */
  function foreseeing() {
    const it = bracket([0.5, 1]);
    for (const [trial, size] of sizes.entries()) it.tell(trial, { accuracy: 0.6 + trial / 20, size });
    for (const trial of sizes.keys()) it.goOn(trial);
    for (const [trial, size] of sizes.entries()) it.tell(trial, { accuracy: 0.7 + trial / 20, size }, 1);
    // None of these is expected on the front; with them, one of three of the rung is ten.
    for (let trial = 5; trial < 30; trial++) it.tell(trial, { accuracy: 0.58, size: 50 + trial });
    return it;
  }

  it('decides who goes on: what would add most to the front of what was measured, whatever its rank', () => {
    const { tell, next, goOn } = foreseeing();
    tell(30, { accuracy: 0.66, size: 20 }); // 0.76: a little above trial 1
    tell(31, { accuracy: 0.74, size: 45 }); // 0.84: far above trial 2, and as good as trial 4
    expect(next()).toBe(31);
    goOn(31);
    expect(next()).toBe(30);
  });

  it('of a trial that runs counts for those beside it', () => {
    const { tell, next, goOn } = foreseeing();
    tell(30, { accuracy: 0.74, size: 45 });
    tell(31, { accuracy: 0.74, size: 46 });
    goOn(30);
    expect(next()).toBeUndefined();
  });

  it('is needed to go on: places stay free where nobody has any', () => {
    expect(foreseeing().next()).toBeUndefined();
  });
});

it('hyperband deals trials out in the proportions of the paper', () => {
  const scheduler = hyperband.create({ goal, rungs: [1 / 9, 1 / 3, 1], eta: 3 });
  const rungs = Array.from({ length: 34 }, (_, trial) => scheduler.begin(trial).length);
  expect([3, 2, 1].map((length) => rungs.filter((each) => each === length).length)).toEqual([18, 10, 6]);
  expect(new Set(rungs.slice(0, 4)).size).toBe(3);
});
