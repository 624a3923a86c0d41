import { describe, expect, it } from 'vitest';
import type { Controller } from '../../../src/core/controller.ts';
import { none } from '../../../src/search/schedulers/none.ts';
import { Ledger } from '../../../src/search/study/ledger.ts';
import { emptyLog, type Snapshot } from '../../../src/search/study/log.ts';
import { Proposer } from '../../../src/search/study/proposer.ts';

/** Proposes the trial's number, and notes every call. */
function recorder() {
  const calls: string[] = [];
  const controller: Controller = {
    ask: (trial) => {
      calls.push(`ask ${trial}`);
      return { n: trial };
    },
    asked: (trial) => calls.push(`asked ${trial}`),
    tell: ({ trial }) => calls.push(`tell ${trial}`),
    save: () => null,
    restore: () => calls.push('restore'),
  };
  return { calls, controller };
}

interface Past {
  readonly asked?: number;
  /** Every job below has a result. */
  readonly finished?: number;
  readonly snapshot?: Snapshot;
  readonly lookAhead?: number;
}

/** A study of so many trials, whose trials to come are finished up to that number as well. */
function propose(controller: Controller, { asked = 0, finished = 0, snapshot, lookAhead = 3 }: Past = {}) {
  const ledger = new Ledger(emptyLog(), 'x');
  const proposer = new Proposer({
    controller,
    controllerName: 'x',
    scheduler: none.create({ goal: { objectives: [], constraints: [] }, rungs: [1], eta: 2 }),
    keyOf: ({ n }) => `${n}`,
    initial: [{ candidate: { n: 0 }, origin: 'baseline' }],
    lookAhead,
    ledger,
    snapshot,
  });
  const ask = (trial: Parameters<Ledger['ask']>[0]) => {
    const job = ledger.ask(trial);
    if (job < finished) ledger.finish(job, { state: 'done', metrics: {}, seconds: 0 });
  };
  for (let n = 0; n < asked; n++) ask({ candidate: { n }, key: `${n}`, origin: 'x' });
  const next = () => {
    const decision = proposer.next(true);
    if (decision?.type === 'asked') ask(decision);
    return decision;
  };
  return { proposer, next };
}

describe('proposer', () => {
  it('asks ahead, and tells a result just before the ask that waits for it', () => {
    const { calls, controller } = recorder();
    const { proposer, next } = propose(controller, { finished: 2 });
    while (next());
    expect(calls).toEqual(['asked 0', 'ask 1', 'ask 2', 'tell 0', 'ask 3', 'tell 1', 'ask 4']);
    expect(proposer.exhausted).toBe(false);
  });

  it('replays a log in the same order', () => {
    const { calls, controller } = recorder();
    const { proposer, next } = propose(controller, { finished: 3, asked: 5 });
    proposer.replay();
    expect(calls).toEqual(['asked 0', 'asked 1', 'asked 2', 'tell 0', 'asked 3', 'tell 1', 'asked 4']);
    expect(next()).toMatchObject({ trial: 5, key: '5' });
    expect(calls.slice(-2)).toEqual(['tell 2', 'ask 5']);
  });

  it('replays only what came after the snapshot', () => {
    const { calls, controller } = recorder();
    const snapshot = { told: 32, state: null, version: 1 };
    const { proposer } = propose(controller, { finished: 40, asked: 37, snapshot });
    expect(proposer.replay()).toEqual([]);
    expect(calls).toEqual(['restore', 'tell 32', 'asked 35', 'tell 33', 'asked 36']);
  });

  it('tells everything again to a controller whose saved states have changed since', () => {
    const { calls, controller } = recorder();
    const snapshot = { told: 32, state: null, version: 1 };
    const { proposer } = propose({ ...controller, stateVersion: 2 }, { finished: 40, asked: 37, snapshot });
    expect(proposer.replay()).toMatchObject([{ told: 32, version: 2 }]);
    expect(calls).not.toContain('restore');
    expect(calls.slice(0, 5)).toEqual(['asked 0', 'asked 1', 'asked 2', 'tell 0', 'asked 3']);
    expect(calls.slice(-1)).toEqual(['asked 36']);
  });

  it('is exhausted when the controller is', () => {
    const { controller } = recorder();
    const { proposer, next } = propose({ ...controller, ask: () => undefined });
    expect(next()).toMatchObject({ trial: 0, origin: 'baseline' });
    expect(next()).toBeUndefined();
    expect(proposer.exhausted).toBe(true);
  });
});
