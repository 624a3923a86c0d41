import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Json, stableStringify } from '../core/json.ts';
import { sha256 } from '../trial/artefacts.ts';
import { baselineFolder } from './folders.ts';

/** Where the user's cache keeps what was found from `made`: everything that it depends on. */
export const cacheFile = (kind: string, made: unknown): string =>
  join(dirname(baselineFolder()), kind, `${sha256(stableStringify(made as Json))}.json`);

/** Undefined for a file that is not there or cannot be read: what it holds is found anew. */
export async function readCached<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
