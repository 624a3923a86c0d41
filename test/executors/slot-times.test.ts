import { describe, expect, it } from 'vitest';
import { type SlotLook, SlotTimes } from '../../src/executors/pool/slot-times.ts';

const limits = { deadlineMs: 1000, graceMs: 500, stallMs: 5000 };
const nothing = { late: [], overdue: [], stuck: [] };

/** Looks at slot 0 every 200 ms from `from` to `to`, a step at each where `steps`. */
function lookOn(
  times: SlotTimes,
  from: number,
  to: number,
  { steps = true, state = 'running' }: { steps?: boolean; state?: SlotLook['state'] } = {},
) {
  let verdict = times.look([], from);
  for (let now = from + 200; now <= to; now += 200) verdict = times.look([{ slot: 0, state, steps: steps ? now : 1 }], now);
  return verdict;
}

describe('the time of a trial', () => {
  it('is over at its deadline, and after a grace the host’s too', () => {
    const times = new SlotTimes(limits);
    expect(lookOn(times, 0, 1000)).toEqual(nothing);
    expect(lookOn(times, 1000, 1400)).toEqual({ late: [0], overdue: [], stuck: [] });
    expect(lookOn(times, 1400, 1600)).toEqual({ late: [0], overdue: [0], stuck: [] });
    times.begin(0);
    expect(lookOn(times, 1600, 2400)).toEqual(nothing);
  });

  it('does not pass while it is parked', () => {
    const times = new SlotTimes(limits);
    lookOn(times, 0, 800);
    expect(lookOn(times, 800, 60_000, { state: 'parked' })).toEqual(nothing);
    expect(lookOn(times, 60_000, 60_200)).toEqual(nothing);
  });

  it('does not pass while its thread gets ready, but that may not hang either', () => {
    const times = new SlotTimes(limits);
    expect(lookOn(times, 0, 4800, { state: 'loading', steps: false })).toEqual(nothing);
    expect(lookOn(times, 4800, 5600, { state: 'loading', steps: false })).toEqual({ late: [], overdue: [], stuck: [0] });
  });

  it('does not pass while the machine sleeps', () => {
    const times = new SlotTimes({ ...limits, deadlineMs: 3000 });
    lookOn(times, 0, 1000);
    const eightHours = 8 * 3_600_000;
    expect(times.look([{ slot: 0, state: 'running', steps: 1 }], eightHours)).toEqual(nothing);
    expect(lookOn(times, eightHours, eightHours + 800)).toEqual(nothing);
    expect(lookOn(times, eightHours + 800, eightHours + 1400).late).toEqual([0]);
  });

  it('without a step is a trial that hangs', () => {
    const times = new SlotTimes({ ...limits, deadlineMs: undefined });
    expect(lookOn(times, 0, 60_000)).toEqual(nothing);
    expect(lookOn(times, 60_000, 64_000, { steps: false })).toEqual(nothing);
    expect(lookOn(times, 64_000, 70_000, { steps: false, state: 'parked' })).toEqual(nothing);
    expect(lookOn(times, 70_000, 72_000, { steps: false })).toEqual({ late: [], overdue: [], stuck: [0] });
  });
});
