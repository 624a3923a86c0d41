import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { openStore, readStudy } from '../../src/store/index.ts';
import { migrations } from '../../src/store/schema.ts';
import { done, failed, type SimulatedOptions, simulate } from '../search/study/simulated-study.ts';
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

it('goes on with it, in a file of the new version; what was there stays', async () => {
  const file = copyOf('schema-1.db');
  const store = openStore(file, { mode: 'write' });
  const before = readStudy(store, 'study').trials;
  const end = await simulate({ store, trials: 75, slots: 3, outcomeOf }).handle.done;
  expect(end).toMatchObject({ reason: 'budget', counts: { asked: 75, unfinished: 0 } });
  const after = readStudy(store, 'study').trials;
  for (const trial of before) {
    if (trial.state === 'done' || trial.state === 'failed') expect(after[trial.number]).toEqual(trial);
    else expect(after[trial.number]).toMatchObject({ candidate: trial.candidate, key: trial.key });
  }
  store.close();
  expect(new Database(file, { readonly: true }).pragma('user_version', { simple: true })).toBe(migrations.length);
});
