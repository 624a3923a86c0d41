import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodes, NasError } from '../core/errors.ts';

/** What is needed for the length of a command alone, in the system's folder for that. */

/** A new folder, which the caller removes. Throws NasError TEMPORARY_FOLDER. */
export const temporaryFolder = (prefix: string): Promise<string> => orExplained(mkdtemp(join(tmpdir(), prefix)));

/** Lends a file to `work`. Throws NasError TEMPORARY_FOLDER. */
export async function lendFile<T>(content: string | Uint8Array, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder('nas-');
  try {
    const path = join(folder, 'model');
    await orExplained(writeFile(path, content));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function orExplained<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = `nothing can be kept for a moment in ${tmpdir()} (${cause}). Free some space there, or set TMPDIR to a folder that can be written to.`;
    throw new NasError('TEMPORARY_FOLDER', message, {
      facts: { folder: tmpdir(), cause },
      exitCode: exitCodes.failure,
      cause: error,
    });
  }
}
