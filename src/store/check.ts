import Database from 'better-sqlite3';
import { NasError } from '../core/errors.ts';
import { guard } from './errors.ts';
import { inspectFile } from './header.ts';

/** Problems that SQLite lists before it stops. */
const mostProblems = 20;

/**
 * Everything that can be found wrong with the file itself, empty where nothing is: every page and index, references between
 * tables, gaps in the events of a study. Throws the codes of `openStore` for a file that cannot be opened at all.
 */
export function checkFile(file: string): readonly string[] {
  if (inspectFile(file) !== 'ours')
    throw new NasError('STORE_MISSING', `${file}: there is no such database.`, { facts: { file } });
  return guard(file, () => {
    const database = new Database(file, { readonly: true, fileMustExist: true });
    try {
      const pages = pageProblems(database, `integrity_check(${mostProblems})`);
      return pages.length > 0 ? pages : [...strayRows(database), ...gaps(database)];
    } finally {
      database.close();
    }
  });
}

/** SQLite's own look at every page, without comparing indexes to tables: fractions of a second. Throws NasError STORE_CORRUPT. */
export function checkPages(file: string, database: Database.Database): void {
  const [problem] = pageProblems(database, 'quick_check(1)');
  if (problem === undefined) return;
  const message = `${file}: the database is damaged: ${problem}. Restore it from a copy, or save what is readable with "sqlite3 FILE .recover".`;
  throw new NasError('STORE_CORRUPT', message, { facts: { file, problem } });
}

/** A page so damaged that SQLite gives up is a problem like the others. */
function pageProblems(database: Database.Database, check: string): string[] {
  try {
    const rows = database.pragma(check) as Record<string, string>[];
    return rows.flatMap((row) => Object.values(row)).filter((text) => text !== 'ok');
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CORRUPT')) return [error.message];
    throw error;
  }
}

function strayRows(database: Database.Database): string[] {
  const rows = database.pragma('foreign_key_check') as { readonly table: string }[];
  return rows.length === 0 ? [] : [`${rows.length} rows of ${rows[0]!.table} belong to no study`];
}

function gaps(database: Database.Database): string[] {
  const counts = database.prepare('SELECT study, count(*) AS events, max(position) AS last FROM events GROUP BY study').all() as {
    readonly study: number;
    readonly events: number;
    readonly last: number;
  }[];
  return counts
    .filter(({ events, last }) => events !== last + 1)
    .map(({ study, events, last }) => `study ${study} has ${events} events, but the last one is number ${last}`);
}
