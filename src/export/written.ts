import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { exitCodes, NasError } from '../core/errors.ts';

/** Files that a user asked for: whether they can be written, and what is said where they cannot. */

/** Refuses a file whose folder cannot take it, before the minutes that its content needs. Throws NasError OUT_FOLDER. */
export function checkPlace(option: string, file: string): void {
  const folder = dirname(resolve(file));
  const why = whyNoFolder(folder) ?? (isFolder(file) ? 'that is a folder' : undefined);
  if (why !== undefined) throw new NasError('OUT_FOLDER', `${option} ${file}: ${why}.`, { facts: { file, folder } });
}

/** Why nothing can be put into a folder; undefined where it can. */
export function whyNoFolder(folder: string): string | undefined {
  if (!existsSync(folder)) return `there is no folder ${folder}. Make it first, or name another place`;
  if (!isFolder(folder)) return `${folder} is a file, not a folder`;
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch {
    return `the folder ${folder} may not be written to. Name another place`;
  }
}

/** The folder itself, or the nearest above it that is there: it stands for one that is still to be made. */
export function nearestThere(folder: string): string {
  const above = dirname(folder);
  return existsSync(folder) || above === folder ? folder : nearestThere(above);
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/**
 * A file that appears complete or not at all: `write` gets another name beside it, with the same ending. Throws what
 * `cannotWrite` says.
 */
export async function writeWhole(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(file), `.${process.pid}.${basename(file)}`);
  try {
    await write(temporary);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cannotWrite(file, error);
  }
}

const misplaced: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there. Name another place',
  EPERM: 'this user may not write there. Name another place',
  EROFS: 'the disk can only be read. Name another place',
  ENOENT: 'its folder is not there',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'that is a folder',
  ENOTEMPTY: 'it has files in it by now. Name a new folder',
  EEXIST: 'a part of its path is a file, not a folder',
  ENAMETOOLONG: 'the name is too long',
};

const full = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** The error for a file that could not be written: FILE_PLACE where it cannot be there, FILE_FULL where there is no room. Any other stays. */
export function cannotWrite(file: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const options = { facts: { file, cause: code }, cause: error };
  const why = misplaced[code];
  if (why !== undefined) return new NasError('FILE_PLACE', `${file} cannot be written: ${why}.`, options);
  if (!full.includes(code)) return error;
  const message = `${file} cannot be written: the disk is full. Free some space, or name another place.`;
  return new NasError('FILE_FULL', message, { ...options, exitCode: exitCodes.failure });
}
