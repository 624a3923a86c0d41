import { describe, expect, it } from 'vitest';
import type { Controller } from '../../../src/core/controller.ts';
import type { StudyLog } from '../../../src/search/study/log.ts';
import { Proposer } from '../../../src/search/study/proposer.ts';

const emptyLog: StudyLog = { trials: [], snapshot: undefined, lookAhead: undefined, forgiven: 0 };

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

const loggedTrials = (count: number): StudyLog['trials'] =>
  Array.from({ length: count }, (_, n) => ({ candidate: { n }, key: `${n}`, origin: 'x', attempts: 1, end: undefined }));

/** Every trial below `finished` has a result. */
function propose(controller: Controller, { log = emptyLog, finished = 0, lookAhead = 3 } = {}): Proposer {
  return new Proposer({
    controller,
    controllerName: 'x',
    keyOf: ({ n }) => `${n}`,
    initial: [{ candidate: { n: 0 }, origin: 'baseline' }],
    lookAhead,
    log,
    resultOf: (trial) => (trial < finished ? { trial, candidate: { n: trial } } : undefined),
  });
}

describe('proposer', () => {
  it('asks ahead, and tells a result just before the ask that waits for it', () => {
    const { calls, controller } = recorder();
    const proposer = propose(controller, { finished: 2 });
    while (proposer.next());
    expect(calls).toEqual(['asked 0', 'ask 1', 'ask 2', 'tell 0', 'ask 3', 'tell 1', 'ask 4']);
    expect(proposer.exhausted).toBe(false);
  });

  it('replays a log in the same order', () => {
    const { calls, controller } = recorder();
    const proposer = propose(controller, { finished: 3, log: { ...emptyLog, trials: loggedTrials(5) } });
    proposer.replay();
    expect(calls).toEqual(['asked 0', 'asked 1', 'asked 2', 'tell 0', 'asked 3', 'tell 1', 'asked 4']);
    expect(proposer.next()).toMatchObject({ trial: 5, key: '5' });
    expect(calls.slice(-2)).toEqual(['tell 2', 'ask 5']);
  });

  it('replays only what came after the snapshot', () => {
    const { calls, controller } = recorder();
    const snapshot = { told: 32, state: null };
    const proposer = propose(controller, { finished: 40, log: { ...emptyLog, trials: loggedTrials(37), snapshot } });
    expect(proposer.replay()).toEqual([]);
    expect(calls).toEqual(['restore', 'tell 32', 'asked 35', 'tell 33', 'asked 36']);
    expect(proposer.asked).toBe(37);
  });

  it('is exhausted when the controller is', () => {
    const { controller } = recorder();
    const proposer = propose({ ...controller, ask: () => undefined });
    expect(proposer.next()).toMatchObject({ trial: 0, origin: 'baseline' });
    expect(proposer.next()).toBeUndefined();
    expect(proposer.exhausted).toBe(true);
  });
});
