import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';

/**
 * An operating-system lock by name of a file, held by an open SQLite transaction on an (empty) database of its own:
 * the portable file lock that better-sqlite3 brings along. The system drops it when the process ends, however it
 * ends, so there is no stale lock, no heartbeat, and no clock in it. The file itself stays, at 0 bytes: removing it
 * would let two processes lock two files of one name.
 */
export function takeLock(file: string): (() => void) | undefined {
  const database = new Database(file, { timeout: 500 });
  try {
    database.pragma('journal_mode = MEMORY'); // no journal file beside it
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return () => database.close();
}

/** Whether any process, this one too, holds the lock. */
export function isLocked(file: string): boolean {
  if (!existsSync(file)) return false;
  const database = new Database(file, { readonly: true, timeout: 0 });
  try {
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    database.close();
  }
}

const isBusy = (error: unknown) => error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
