import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exitCodes, NasError } from '../core/errors.ts';
import { SearchStopped } from './protocol.ts';

/** Whatever the file: rights, a broken disk, or a path that leads nowhere, through a file or a broken link. */
const unwritable = ['EACCES', 'EPERM', 'EROFS', 'EIO', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG'];

/** Where less is free, it is not the file that was too large. */
const leastFreeBytes = 64 * 2 ** 20;

/**
 * The error for a file that could not be written, after what there was of it has been removed: DISK_FULL for one that was too
 * large for the room there is, which is its trial's failure; `SearchStopped` where no trial could have written its own.
 */
export async function writeError(error: unknown, path: string): Promise<unknown> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const facts = { file: path, cause: code };
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
  if (code === 'EFBIG' || (code === 'ENOSPC' && (await hasRoom(path)))) {
    return new NasError('DISK_FULL', `the disk has no room for ${path} (${code}).`, {
      facts,
      exitCode: exitCodes.failure,
      cause: error,
    });
  }
  if (full) return new SearchStopped('DISK_FULL', `${path}: the disk is full (${code}). ${again('Free some space')}`, { facts });
  if (unwritable.includes(code))
    return new SearchStopped(
      'DISK_WRITE',
      `${path} cannot be written (${code}). ${again('Check the disk, its folder and their rights')}`,
      {
        facts,
      },
    );
  return error;
}

const again = (first: string) => `${first} and run the same command again; every finished trial is kept.`;

/** Where not even the folder could be made, there is none. */
async function hasRoom(path: string): Promise<boolean> {
  const found = await statfs(dirname(path)).catch(() => undefined);
  if (!found) return false;
  const { bavail, bsize, ffree, files } = found;
  return bavail * bsize >= leastFreeBytes && (files === 0 || ffree > 0);
}
