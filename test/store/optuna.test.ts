import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OptunaStudy, writeOptuna } from '../../src/store/index.ts';

const study: OptunaStudy = {
  name: 'tiny',
  objectives: [
    { metric: 'accuracy', direction: 'maximize' },
    { metric: 'size', direction: 'minimize' },
  ],
  attributes: { seed: '7' },
  trials: [
    {
      state: 'COMPLETE',
      startedAt: new Date(2026, 10, 25, 8, 5, 3, 40).getTime(),
      finishedAt: new Date(2026, 10, 25, 8, 5, 4, 0).getTime(),
      parameters: [
        {
          name: 'stem/prune.keep',
          internal: 2,
          distribution: { name: 'CategoricalDistribution', attributes: { choices: [0.25, 0.5, 1] } },
        },
      ],
      values: [0.9, 1234],
      constraints: [-0.1, 5],
      intermediate: [{ step: 1, value: 0.5 }],
      attributes: { origin: 'anchor' },
    },
    { state: 'FAIL', parameters: [], intermediate: [], attributes: { code: 'DIVERGED' } },
  ],
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-optuna-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('writeOptuna', () => {
  it('writes what was asked, in the tables of schema version 12', () => {
    const file = join(folder, 'study.db');
    writeOptuna(file, study);
    const database = new Database(file, { readonly: true });
    const rows = (sql: string) => database.prepare(sql).raw().all();
    expect(rows('SELECT schema_version FROM version_info')).toEqual([[12]]);
    expect(rows('SELECT direction FROM study_directions ORDER BY objective')).toEqual([['MAXIMIZE'], ['MINIMIZE']]);
    expect(rows('SELECT "key", value_json FROM study_system_attributes')).toEqual([
      ['study:metric_names', '["accuracy","size"]'],
    ]);
    expect(rows('SELECT number, state, datetime_start, datetime_complete FROM trials')).toEqual([
      [0, 'COMPLETE', '2026-11-25 08:05:03.040000', '2026-11-25 08:05:04.000000'],
      [1, 'FAIL', null, null],
    ]);
    expect(rows('SELECT param_name, param_value, distribution_json FROM trial_params')).toEqual([
      ['stem/prune.keep', 2, '{"name":"CategoricalDistribution","attributes":{"choices":[0.25,0.5,1]}}'],
    ]);
    expect(rows('SELECT objective, value, value_type FROM trial_values')).toEqual([
      [0, 0.9, 'FINITE'],
      [1, 1234, 'FINITE'],
    ]);
    expect(rows('SELECT step, intermediate_value FROM trial_intermediate_values')).toEqual([[1, 0.5]]);
    expect(rows('SELECT "key", value_json FROM trial_system_attributes')).toEqual([['constraints', '[-0.1,5]']]);
    expect(rows('SELECT trial_id, value_json FROM trial_user_attributes')).toEqual([
      [1, '"anchor"'],
      [2, '"DIVERGED"'],
    ]);
    expect(rows('PRAGMA integrity_check')).toEqual([['ok']]);
    database.close();
  });

  it('never writes over a file, and leaves nothing half-written', async () => {
    const file = join(folder, 'twice.db');
    writeOptuna(file, study);
    expect(() => writeOptuna(file, study)).toThrow(/exists already/);
    const broken = join(folder, 'broken.db');
    const [first] = study.trials;
    const [point] = first!.intermediate;
    const repeated = { ...study, trials: [{ ...first!, intermediate: [point!, point!] }] };
    expect(() => writeOptuna(broken, repeated)).toThrow();
    expect((await readdir(folder)).filter((name) => name.includes('broken') || name.includes('tmp'))).toEqual([]);
  });

  it('says so where it may not write', () => {
    expect(() => writeOptuna(join(folder, 'missing', 'study.db'), study)).toThrow(/permission|folder|directory/i);
  });
});
