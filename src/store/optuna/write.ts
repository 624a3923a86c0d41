import { existsSync, renameSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { guard } from '../errors.ts';
import { optunaSchema } from './schema.ts';
import type { OptunaStudy, OptunaTrial } from './study.ts';

/**
 * Writes a study as an SQLite file that Optuna (`sqlite:///FILE`) and optuna-dashboard open. The file appears complete
 * or not at all.
 *
 * @throws NasError OPTUNA_EXISTS where the file is there already; STORE_READONLY, STORE_FULL, STORE_IO.
 */
export function writeOptuna(file: string, study: OptunaStudy): void {
  if (existsSync(file)) {
    throw new NasError('OPTUNA_EXISTS', `${file} exists already. Name a new file.`, { facts: { file } });
  }
  const temporary = `${file}.${process.pid}.tmp`;
  guard(file, () => {
    try {
      const database = new Database(temporary);
      try {
        database.exec(optunaSchema);
        database.transaction(() => insertStudy(database, study))();
      } finally {
        database.close();
      }
      renameSync(temporary, file);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** The only study of the file. */
const studyId = 1;

function insertStudy(database: Database.Database, { name, objectives, attributes, trials }: OptunaStudy): void {
  database.prepare('INSERT INTO studies VALUES (?, ?)').run(studyId, name);
  const direction = database.prepare('INSERT INTO study_directions (direction, study_id, objective) VALUES (?, ?, ?)');
  for (const [i, objective] of objectives.entries()) direction.run(objective.direction.toUpperCase(), studyId, i);
  const names = JSON.stringify(objectives.map(({ metric }) => metric));
  database
    .prepare('INSERT INTO study_system_attributes (study_id, "key", value_json) VALUES (?, ?, ?)')
    .run(studyId, 'study:metric_names', names);
  insertAttributes(database, 'study_user_attributes', 'study_id', studyId, attributes);
  for (const [number, trial] of trials.entries()) insertTrial(database, number, trial);
}

function insertTrial(database: Database.Database, number: number, trial: OptunaTrial): void {
  const { lastInsertRowid: id } = database
    .prepare('INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) VALUES (?, ?, ?, ?, ?)')
    .run(number, studyId, trial.state, dateTime(trial.startedAt), dateTime(trial.finishedAt));
  const parameter = database.prepare(
    'INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)',
  );
  for (const { name, internal, distribution } of trial.parameters)
    parameter.run(id, name, internal, JSON.stringify(distribution));
  const value = database.prepare('INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)');
  for (const [i, measured] of (trial.values ?? []).entries()) value.run(id, i, measured, 'FINITE');
  const step = database.prepare(
    'INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, ?)',
  );
  for (const point of trial.intermediate) step.run(id, point.step, point.value, 'FINITE');
  insertAttributes(database, 'trial_user_attributes', 'trial_id', id, trial.attributes);
  if (trial.constraints)
    insertAttributes(database, 'trial_system_attributes', 'trial_id', id, { constraints: trial.constraints });
}

function insertAttributes(
  database: Database.Database,
  table: 'study_user_attributes' | 'trial_user_attributes' | 'trial_system_attributes',
  owner: 'study_id' | 'trial_id',
  id: number | bigint,
  attributes: Readonly<Record<string, Json>>,
): void {
  const insert = database.prepare(`INSERT INTO ${table} (${owner}, "key", value_json) VALUES (?, ?, ?)`);
  for (const [key, value] of Object.entries(attributes)) insert.run(id, key, JSON.stringify(value));
}

/** `2026-11-25 18:21:10.131000` in local time, as Optuna writes it. */
function dateTime(at: number | undefined): string | null {
  if (at === undefined) return null;
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}000`;
}
