import { dirname, resolve } from 'node:path';
import { NasError } from '../core/errors.ts';
import { nearestThere, whyNoFolder } from '../export/written.ts';
import { inspectFile } from '../store/header.ts';
import { namedFile } from '../store/named.ts';
import { artefactFolder } from './artefact-folder.ts';
import { baselineFolder } from './folders.ts';

/**
 * Looks whether a search can keep what it makes: before minutes of training, not after them. `db`: its database, which may still
 * have to be made. Throws NasError STORE_READONLY, CACHE_UNWRITABLE, and what `inspectFile` throws.
 */
export function checkWritable(db: string): void {
  inspectFile(db);
  const reason = whyNoFolder(dirname(resolve(namedFile(db))));
  if (reason !== undefined) throw new NasError('STORE_READONLY', `--db ${db}: ${reason}.`, { facts: { file: db } });
  const models = artefactFolder(db);
  const noModels = whyUnwritable(models);
  if (noModels !== undefined)
    throw new NasError('STORE_READONLY', `models cannot be kept in ${models}: ${noModels}.`, {
      facts: { file: db, folder: models },
    });
  checkCache();
}

/** Throws NasError CACHE_UNWRITABLE. */
export function checkCache(): void {
  const cache = baselineFolder();
  const cacheReason = whyUnwritable(cache);
  if (cacheReason === undefined) return;
  const message = `trained baselines cannot be kept in ${cache}: ${cacheReason}. Set XDG_CACHE_HOME to a folder that can be written to.`;
  throw new NasError('CACHE_UNWRITABLE', message, { facts: { folder: cache } });
}

/** Why nothing can be kept in a folder, which is made where it is not there yet; undefined where it can. */
export const whyUnwritable = (folder: string): string | undefined => whyNoFolder(nearestThere(folder));
