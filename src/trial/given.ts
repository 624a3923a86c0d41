import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from './artefacts.ts';

/**
 * Networks that a user gave are kept by their content beside the trained baselines: a study then needs no file of the user's to
 * go on, and never takes a changed one for it.
 */
const givenPath = (folder: string, hash: string): string => join(folder, `${hash}.given.onnx`);

/** Keeps a network; returns its SHA-256. */
export function keepGiven(folder: string, bytes: Uint8Array): string {
  const hash = sha256(bytes);
  if (readGiven(folder, hash)) return hash;
  const path = givenPath(folder, hash);
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, bytes, { flush: true });
  renameSync(temporary, path);
  return hash;
}

/** Undefined where it is not kept, or damaged. */
export function readGiven(folder: string, hash: string): Uint8Array | undefined {
  try {
    const bytes = new Uint8Array(readFileSync(givenPath(folder, hash)));
    return sha256(bytes) === hash ? bytes : undefined;
  } catch {
    return undefined;
  }
}
