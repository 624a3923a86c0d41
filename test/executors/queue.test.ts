import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, TrialQueue } from '../../src/executors/pool/queue.ts';

const entryOf = (trial: number): Entry => ({
  request: { trial, attempt: 0, candidate: {}, seed: '' },
  plan: { recipe: {}, techniques: {} },
  listener: { started() {}, progress() {} },
  resolve: () => {},
  reject: () => {},
  starts: 0,
  startedAt: 0,
  crashes: 0,
});

describe('trial queue', () => {
  it('starts in order, on the lowest free slot', () => {
    const queue = new TrialQueue(2);
    for (const trial of [0, 1, 2]) queue.add(entryOf(trial));
    expect([queue.start(), queue.start(), queue.start()].map((next) => next && [next.slot, next.entry.request.trial])).toEqual([
      [0, 0],
      [1, 1],
      undefined,
    ]);
    queue.finish(0);
    expect(queue.start()).toMatchObject({ slot: 0, entry: { request: { trial: 2 } } });
  });

  it('runs what was requeued through no fault of its own again, before the others and in company', () => {
    const queue = new TrialQueue(2);
    for (const trial of [0, 1, 2]) queue.add(entryOf(trial));
    queue.start();
    queue.start();
    queue.requeue(queue.busy);
    expect([queue.start(), queue.start()].map((next) => next?.entry.request.trial)).toEqual([0, 1]);
  });

  /** The host dies of trials in `deadly`, of any that runs, at any time: exactly those are found guilty, and suspects run alone. */
  it('finds exactly the culprits, whatever the order of events', () => {
    const world = fc.record({
      slots: fc.integer({ min: 1, max: 5 }),
      trials: fc.integer({ min: 1, max: 12 }),
      order: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(world, fc.func(fc.boolean()), ({ slots, trials, order }, isDeadly) => {
        const queue = new TrialQueue(slots);
        const entries = Array.from({ length: trials }, (_, trial) => entryOf(trial));
        for (const entry of entries) queue.add(entry);
        const guilty: number[] = [];
        const innocent: number[] = [];
        while (guilty.length + innocent.length < trials) {
          while (queue.start());
          const running = queue.busy.map((slot) => queue.running(slot)!);
          expect(running.length).toBeGreaterThan(0);
          if (running.some(({ crashes }) => crashes > 0)) expect(running.length).toBe(1);
          const slot = queue.busy[order.next().value! % running.length]!;
          const { trial } = queue.running(slot)!.request;
          if (isDeadly(trial)) guilty.push(...queue.crash(queue.busy).map(({ request }) => request.trial));
          else innocent.push(queue.finish(slot)!.request.trial);
        }
        const numbers = entries.map(({ request }) => request.trial);
        expect(guilty.sort((a, b) => a - b)).toEqual(numbers.filter((trial) => isDeadly(trial)));
        expect(innocent.sort((a, b) => a - b)).toEqual(numbers.filter((trial) => !isDeadly(trial)));
      }),
    );
  });
});
