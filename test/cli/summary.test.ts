import { afterEach, describe, expect, it, vi } from 'vitest';
import { emptyFront } from '../../src/cli/empty-front.ts';
import { checkStudyName } from '../../src/cli/search-settings.ts';
import { factsOf } from '../../src/cli/study-facts.ts';
import { commandWords, summarize } from '../../src/cli/summary.ts';
import type { Goal } from '../../src/core/objective.ts';
import type { Trial } from '../../src/core/trial.ts';
import { createMemoryStore } from '../../src/store/index.ts';
import { madeUpStudy } from '../fixtures/made-up-study.ts';
import { recordOf } from '../store/harness.ts';

describe('the command that goes on with a search', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('can be typed as it stands, with what the session was given', () => {
    vi.stubEnv('npm_command', '');
    const flags = { space: 'my net.yaml', db: 'a&b.db', study: 'old name', workers: 1, memory: 900, controller: './own.js' };
    expect(commandWords(flags, 20).resume).toBe(
      "nas search --space 'my net.yaml' --study 'old name' --db 'a&b.db' --trials 20 --workers 1 --memory 900MB --controller ./own.js",
    );
    const ends = { space: 'quick', db: 'nas.db', target: 'size <= 40kB', patience: 40, replicate: 3 };
    expect(commandWords(ends, 20).resume).toBe(
      "nas search --space quick --db nas.db --trials 20 --target 'size <= 40kB' --patience 40 --replicate 3",
    );
    expect(commandWords({ space: 'quick', db: 'nas.db', controller: 'tpe' }, 20).resume).toBe(
      'nas search --space quick --db nas.db --trials 20',
    );
  });
});

describe('a search that ran out of candidates', () => {
  it('says that it tried all, or all that may keep the constraints', () => {
    const { record, events } = madeUpStudy({ trials: 3 });
    const facts = factsOf(record);
    const bounded = { ...facts.goal, constraints: [{ metric: 'size', op: '<=', bound: 1e6 } as const] };
    const saidOf = (goal: Goal) => {
      const own = { ...record, facts: { ...facts, goal } as never };
      const store = createMemoryStore();
      store.create(own);
      store.lease(own.name);
      store.append(own.name, events);
      const counts = { asked: 3, done: 3, failed: 0, unfinished: 0 };
      return summarize(store, own, { reason: 'exhausted', counts }, commandWords({ space: 'quick', db: 'nas.db' }, 3));
    };
    expect(saidOf({ ...facts.goal, constraints: [] })).toMatch(/^Every candidate of the space has been tried: 3 done/);
    expect(saidOf(bounded)).toMatch(/^Every candidate that may keep the constraints has been tried: 3 done/);
  });
});

describe('the name of a new study', () => {
  it.each(['', 'a b!', '../x', '-x', 'a'.repeat(65)])('is not %j', (name) => {
    expect(() => checkStudyName(name)).toThrow(/^--study ".*": the name must be 1 to 64 letters/);
  });

  it.each(['resnet', 'a.b_c-1', '7'])('may be %s', (name) => expect(() => checkStudyName(name)).not.toThrow());
});

describe('an empty front', () => {
  const goal = {
    objectives: [{ metric: 'accuracy', direction: 'maximize' }],
    constraints: [{ metric: 'accuracy', op: '>=', bound: 0.9 }],
  };
  const done = (number: number, accuracy: number) =>
    ({
      number,
      candidate: {},
      key: `${number}`,
      origin: 'x',
      state: 'done',
      metrics: { accuracy },
      seconds: 1,
      finishedAt: 0,
    }) as Trial;
  const said = (...trials: Trial[]) => emptyFront({ trials, record: { ...recordOf('study'), facts: { goal } as never } });

  it('says what comes nearest, and what to do', () => {
    expect(said(done(0, 0.5))).toMatch(
      /^None of 1 trial that finished keeps every constraint; trial 0 comes nearest: it misses accuracy >= 90.00 % \(50.00 %\); see nas show 0\. Loosen/,
    );
    expect(said(done(0, 0.5), done(1, 0.8))).toMatch(
      /^None of 2 trials that finished .* trial 1 comes nearest: it misses accuracy >= 90.00 % \(80.00 %\).*Loosen a constraint, or give the space more to choose from\.$/,
    );
    expect(said()).toBe('No trial has finished yet.');
  });
});
