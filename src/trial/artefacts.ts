import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Artefact } from '../core/trial.ts';
import { writeError } from './disk.ts';

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** Where an artefact lies: its content names it. */
export const artefactPath = (folder: string, hash: string): string => join(folder, `${hash}.onnx`);

/** Writes a measured model under its hash; a half-written file is never seen under that name. */
export async function saveArtefact(folder: string, bytes: Uint8Array): Promise<Artefact> {
  const artefact = { sha256: sha256(bytes), bytes: bytes.length };
  const path = artefactPath(folder, artefact.sha256);
  if (!(await exists(path))) await writeAtomically(path, bytes);
  return artefact;
}

/**
 * Writes next to the target, then renames over it; both are on the disk when it returns. The folder is made where it is
 * missing. Throws what `writeError` says.
 */
export async function writeAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw await writeError(error, path);
  }
}

/** A new name survives a power cut once its folder is flushed; where folders cannot be opened (Windows), the system sees to it. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** A file whose last 64 bytes are the hash of those before: a damaged cache is made anew, never believed. */
export const writeChecked = (path: string, bytes: Uint8Array): Promise<void> =>
  writeAtomically(path, Buffer.concat([bytes, Buffer.from(sha256(bytes), 'ascii')]));

/** What `writeChecked` wrote; undefined where it is lost or damaged. */
export async function readChecked(path: string): Promise<Uint8Array | undefined> {
  const file = await readFile(path).catch(() => undefined);
  const bytes = file?.subarray(0, -64);
  const whole = file && bytes && file.length > 64 && sha256(bytes) === file.subarray(-64).toString('ascii');
  return whole ? new Uint8Array(bytes) : undefined;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
