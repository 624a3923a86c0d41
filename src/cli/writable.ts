import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { NasError } from '../core/errors.ts';
import { storeError } from '../store/errors.ts';
import { inspectFile } from '../store/header.ts';
import { baselineFolder } from './folders.ts';

/**
 * Looks whether a search can keep what it makes: before minutes of training, not after them. `db`: its database, which may still
 * have to be made. Throws NasError CACHE_UNWRITABLE, and what `inspectFile` throws.
 */
export function checkWritable(db: string): void {
  inspectFile(db);
  const reason = whyUnwritable(dirname(resolve(db)));
  if (reason !== undefined) throw storeError(Object.assign(new Error(reason), { code: reason }), db);
  const cache = baselineFolder();
  const cacheReason = whyUnwritable(cache);
  if (cacheReason === undefined) return;
  const message = `${cache} cannot be written (${cacheReason}), and trained baselines are kept there. Set XDG_CACHE_HOME to a folder that can be.`;
  throw new NasError('CACHE_UNWRITABLE', message, { facts: { folder: cache } });
}

/** The system's code; of a folder that is not there yet: of the one that it would be made in. */
export function whyUnwritable(folder: string): string | undefined {
  if (!existsSync(folder)) return whyUnwritable(dirname(folder));
  if (!statSync(folder).isDirectory()) return 'ENOTDIR';
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
