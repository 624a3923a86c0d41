import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { NasError } from '../core/errors.ts';
import { guard } from './errors.ts';
import { applicationId, migrations } from './schema.ts';

/**
 * Looks at a database file without SQLite, so that a file that is not ours is never locked, recovered or changed.
 * Returns whether it holds something; throws STORE_NAME, STORE_MISSING, STORE_FOREIGN, STORE_VERSION, STORE_READONLY.
 */
export function inspectFile(file: string): 'absent' | 'empty' | 'ours' {
  checkName(file);
  if (!existsSync(file)) {
    const folder = dirname(file);
    if (existsSync(folder)) {
      checkLength(file);
      return 'absent';
    }
    throw new NasError(
      'STORE_MISSING',
      `${file}: its folder ${folder} does not exist. Create it, or name another file with --db.`,
      {
        facts: { file, folder },
      },
    );
  }
  if (!statSync(file).isFile()) throw foreign(file, 'it is no regular file');
  const header = readHeader(file);
  if (header.length === 0) return 'empty';
  if (header.length < headerBytes || header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    throw foreign(file, 'it is no SQLite database');
  if (header.readUInt32BE(68) !== applicationId) throw foreign(file, 'it is a database of another program');
  checkVersion(file, header.readUInt32BE(60));
  return 'ours';
}

/** SQLite's binding cuts off spaces at the ends, and keeps what has no name, or this one, in memory: nothing would be left of it. */
function checkName(file: string): void {
  if (file !== '' && file !== ':memory:' && file === file.trim()) return;
  const message = `"${file}" cannot be the name of a database: SQLite would take it for another one, or for none. Name another file with --db, without spaces at its ends.`;
  throw new NasError('STORE_NAME', message, { facts: { file } });
}

/** Of the 255 bytes that file systems give a name; the files beside a database have its name with an ending. */
const mostNameBytes = 230;

function checkLength(file: string): void {
  const bytes = Buffer.byteLength(basename(file));
  if (bytes <= mostNameBytes) return;
  const message = `${file}: a name of ${bytes} bytes is too long for the files beside it, which are named after it. Name one of at most ${mostNameBytes} with --db.`;
  throw new NasError('STORE_NAME', message, { facts: { file, bytes } });
}

export function checkVersion(file: string, version: number): void {
  if (version <= migrations.length) return;
  throw new NasError(
    'STORE_VERSION',
    `${file}: written by a newer version of espalier (schema ${version}; this one knows ${migrations.length}). Update espalier, or name another file with --db.`,
    { facts: { file, version, known: migrations.length } },
  );
}

/** https://www.sqlite.org/fileformat.html, "The Database Header". */
const headerBytes = 100;

function readHeader(file: string): Buffer {
  return guard(file, () => {
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(headerBytes);
      return bytes.subarray(0, readSync(handle, bytes, 0, headerBytes, 0));
    } finally {
      closeSync(handle);
    }
  });
}

const foreign = (file: string, found: string) =>
  new NasError('STORE_FOREIGN', `${file}: ${found}, so it is left alone. Name another file with --db.`, {
    facts: { file, found },
  });
