import { exitCodes, NasError } from '../core/errors.ts';

/** Runs a piece of store work; what SQLite throws comes out as a NasError that says what to do. */
export function guard<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error, file);
  }
}

/** The NasError for an error of SQLite (or of the file system) on `file`; other errors pass unchanged. */
export function storeError(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const entry = table.find(({ pattern }) => pattern.test(code));
  if (!entry || error instanceof NasError) return error;
  return new NasError(entry.code, `${file}: ${entry.message} (${code})`, {
    facts: { file, cause: code },
    exitCode: entry.exitCode ?? exitCodes.badInput,
    cause: error,
  });
}

/** SQLite's extended result codes and the file system's, by what a person can do about them. First match counts. */
const table: readonly {
  readonly pattern: RegExp;
  readonly code: string;
  readonly message: string;
  readonly exitCode?: number;
}[] = [
  {
    pattern: /^(SQLITE_FULL|ENOSPC|EDQUOT|SQLITE_IOERR_WRITE|SQLITE_IOERR_SHMSIZE)/,
    code: 'STORE_FULL',
    message: 'the disk is full. Free some space and run the same command again; every finished trial is kept.',
    exitCode: exitCodes.failure,
  },
  {
    pattern: /^(SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM|SQLITE_AUTH|EACCES|EPERM|EROFS)/,
    code: 'STORE_READONLY',
    message: 'no permission to open or write it. Check the rights of the file and its folder, or name another file with --db.',
  },
  {
    pattern: /^SQLITE_(CORRUPT|NOTADB|ERROR$|SCHEMA|MISMATCH|TOOBIG|FORMAT)/,
    code: 'STORE_CORRUPT',
    message: 'the database is damaged. Restore it from a copy, or save what is readable with "sqlite3 FILE .recover".',
  },
  {
    pattern: /^SQLITE_(BUSY|LOCKED)/,
    code: 'STORE_LOCKED',
    message: 'another process keeps the database locked. Wait for it to end, or name another file with --db.',
  },
  {
    pattern: /^(SQLITE_IOERR|EIO)/,
    code: 'STORE_IO',
    message: 'the disk reports an error. Check it, then run the same command again.',
    exitCode: exitCodes.failure,
  },
];

export const missingStudy = (name: string, known: readonly string[]) =>
  new NasError(
    'STORE_MISSING',
    `there is no study "${name}". ${known.length > 0 ? `Known: ${known.join(', ')}.` : 'There is none at all yet.'}`,
    {
      facts: { study: name, known },
    },
  );

export const existingStudy = (name: string) =>
  new NasError('STORE_EXISTS', `a study "${name}" exists already. Resume it, or choose another name with --study.`, {
    facts: { study: name },
  });
