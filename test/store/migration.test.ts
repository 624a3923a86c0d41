import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { pick } from '../../src/core/errors.ts';
import { schedulers } from '../../src/search/schedulers/index.ts';
import { checkFile, openStore, readStudy } from '../../src/store/index.ts';
import { migrations } from '../../src/store/schema.ts';
import { done, failed, problem, type SimulatedOptions, simulate } from '../search/study/simulated-study.ts';
import { temporaryFolder } from './harness.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/databases/${name}`, import.meta.url));

function copyOf(name: string): string {
  const file = join(temporaryFolder(), name);
  copyFileSync(fixture(name), file);
  return file;
}

const outcomeOf: SimulatedOptions['outcomeOf'] = (metrics, trial) => (trial % 7 === 3 ? failed('DIVERGED') : done(metrics));

it('reads a database of before the schedulers as it is', () => {
  const file = copyOf('schema-1.db');
  const store = openStore(file, { mode: 'read' });
  const states = readStudy(store, 'study').trials.map(({ state }) => state);
  store.close();
  expect(states.filter((state) => state === 'done')).toHaveLength(43);
  expect(states.filter((state) => state === 'failed')).toHaveLength(7);
  expect(new Database(file, { readonly: true }).pragma('user_version', { simple: true })).toBe(1);
});

const asha = () => pick('scheduler', schedulers, 'asha').create({ goal: problem.goal, rungs: [1 / 9, 1 / 3, 1], eta: 3 });

/** Every version that was released; controllers propose other candidates since then, and save other states, and how the study in its file was run. */
const released: readonly { readonly version: number; readonly trials: number; readonly options: () => SimulatedOptions }[] = [
  { version: 1, trials: 75, options: () => ({}) },
  { version: 2, trials: 45, options: () => ({ scheduler: asha() }) },
  { version: 3, trials: 45, options: () => ({ scheduler: asha() }) },
];

it('has a fixture of every version before this one', () => {
  expect(released.map(({ version }) => version)).toEqual(migrations.slice(1).map((_, i) => i + 1));
});

describe.each(released)('a database of schema $version', ({ version, trials, options }) => {
  it('goes on in a file of the new version; what was there stays', async () => {
    const file = copyOf(`schema-${version}.db`);
    const store = openStore(file, { mode: 'write' });
    const before = readStudy(store, 'study').trials;
    const end = await simulate({ store, trials, slots: 3, outcomeOf, ...options() }).handle.done;
    expect(end).toMatchObject({ reason: 'budget', counts: { asked: trials, unfinished: 0 } });
    const after = readStudy(store, 'study').trials;
    for (const trial of before) {
      if (trial.state === 'failed') expect(after[trial.number]).toEqual(trial);
      else expect(after[trial.number]).toMatchObject({ candidate: trial.candidate, key: trial.key });
    }
    store.close();
    expect(new Database(file, { readonly: true }).pragma('user_version', { simple: true })).toBe(migrations.length);
    expect(checkFile(file)).toEqual([]);
  });

  it('has the same events after its migration', () => {
    const file = copyOf(`schema-${version}.db`);
    const events = () => {
      const store = openStore(file, { mode: 'read' });
      const all = [...store.events('study')];
      store.close();
      return all;
    };
    const before = events();
    openStore(file, { mode: 'write' }).close();
    expect(events()).toEqual(before);
  });
});
