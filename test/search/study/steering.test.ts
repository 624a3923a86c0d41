import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOfSession } from '../../../src/cli/budget.ts';
import type { StudyCommand } from '../../../src/core/control.ts';
import { readStudy } from '../../../src/store/index.ts';
import { digest, simulate } from './simulated-study.ts';

const planned = async (trials: number) => {
  const study = simulate({ trials, slots: 1 });
  await study.handle.done;
  return digest(study.store);
};

describe('steering', () => {
  const change = fc.record({
    after: fc.integer({ min: 1, max: 12 }),
    command: fc.oneof(
      fc.record({ type: fc.constant('add-trials' as const), trials: fc.integer({ min: -12, max: 12 }) }),
      fc.record({ type: fc.constant('time' as const), seconds: fc.constantFrom(null, 1e6) }),
      fc.record({ type: fc.constant('favourite' as const), trial: fc.nat(20), favourite: fc.boolean() }),
      fc.constant({ type: 'pause' as const }),
    ),
  });

  it('leaves candidates, metrics and front those of the seed, however the budget is changed', async () => {
    const law = fc.asyncProperty(fc.array(change, { maxLength: 6 }), fc.constantFrom(1, 3, 8), async (changes, slots) => {
      const study = simulate({
        trials: 20,
        slots,
        onEvent: (event, { handle }) => {
          if (event.type !== 'finished') return;
          for (const { after, command } of changes) if (after === event.trial) handle.steer(command);
          if (handle.steered.paused) setImmediate(() => handle.steer({ type: 'resume' }));
        },
      });
      const { counts } = await study.handle.done;
      expect(counts.asked).toBeGreaterThanOrEqual(study.handle.steered.budget.trials);
      expect(digest(study.store)).toBe(await planned(counts.asked));
    });
    await fc.assert(law, { numRuns: 15 });
  });

  it('ends one trial for good: it has failed by hand, and a resumed search knows', async () => {
    const study = simulate({
      trials: 12,
      maxTurns: 50,
      onEvent: (event, { handle }) => {
        if (event.type === 'started' && event.trial === 5)
          expect(handle.steer({ type: 'stop-trial', trial: 5 })).toMatchObject({ done: true });
      },
    });
    expect(await study.handle.done).toMatchObject({ reason: 'budget', counts: { done: 11, failed: 1 } });
    expect(readStudy(study.store, 'study').trials[5]).toMatchObject({ state: 'failed', code: 'STOPPED', message: /by hand/ });
    const longer = simulate({ store: study.store, trials: 20 });
    expect((await longer.handle.done).counts).toMatchObject({ done: 19, failed: 1 });
    expect(longer.executor.requests.some(({ trial }) => trial === 5)).toBe(false);
  });

  it('does not take trials that were ended by hand for a hopeless study', async () => {
    const { handle } = simulate({
      trials: 12,
      maxTurns: 50,
      onEvent: (event, { handle }) => {
        if (event.type === 'started') handle.steer({ type: 'stop-trial', trial: event.trial });
      },
    });
    expect(await handle.done).toMatchObject({ reason: 'budget', counts: { done: 1, failed: 11 } });
  });

  it.each<[StudyCommand, RegExp]>([
    [{ type: 'stop-trial', trial: 0 }, /baseline cannot be stopped/],
    [{ type: 'stop-trial', trial: 99 }, /no trial 99 yet/],
    [{ type: 'stop-trial', trial: 1 }, /does not run: it is done/],
    [{ type: 'favourite', trial: 99, favourite: true }, /no trial 99 yet/],
  ])('refuses %j with its reason', async (command, reason) => {
    const answers: string[] = [];
    const { handle } = simulate({
      trials: 6,
      slots: 1,
      onEvent: (event, { handle }) => {
        if (event.type === 'finished' && event.trial === 3) answers.push(handle.steer(command).message);
      },
    });
    await handle.done;
    expect(answers).toEqual([expect.stringMatching(reason)]);
    expect(handle.steer(command)).toEqual({ done: false, message: 'The search is ending.' });
  });

  it('carries a command out once, also where the search died before it could say so', async () => {
    const add = { type: 'add-trials', trials: 5 } as const;
    const first = simulate({
      trials: 10,
      onEvent: (event, { handle }) => {
        if (event.type !== 'finished' || event.trial !== 4) return;
        handle.steer(add, 'id-1');
        handle.steer(add, 'id-1');
        handle.stop();
      },
    });
    await first.handle.done;
    const budget = budgetOfSession(first.store, 'study', 10);
    expect(budget).toEqual({ trials: 15, given: 10 });
    expect(budgetOfSession(first.store, 'study', 12)).toEqual({ trials: 12 });
    const second = simulate({ store: first.store, trials: budget.trials });
    expect(second.handle.steer(add, 'id-1')).toEqual({ done: true, message: 'Carried out before.' });
    expect((await second.handle.done).counts.asked).toBe(15);
  });

  it('keeps marks, and forgets those that were taken away', async () => {
    const { handle, store } = simulate({
      trials: 8,
      onEvent: (event, { handle }) => {
        if (event.type !== 'finished') return;
        handle.steer({ type: 'favourite', trial: event.trial, favourite: true });
        if (event.trial % 2 === 0) handle.steer({ type: 'favourite', trial: event.trial, favourite: false });
      },
    });
    await handle.done;
    expect([...readStudy(store, 'study').favourites].sort((a, b) => a - b)).toEqual([1, 3, 5, 7]);
  });
});
