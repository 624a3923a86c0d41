import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { problems } from '../../search/bench/index.ts';
import type { ProblemDefinition } from '../../search/bench/problem.ts';
import { checkTable, type RecordedTable } from '../../search/bench/table.ts';

/** What `nas bench` can play. */
export const benchProblems: readonly ProblemDefinition[] = problems;

/** Throws NasError TABLE_MISSING, TABLE_DAMAGED, TABLE_FORMAT. */
export function readTable(file: string): RecordedTable {
  return checkTable(parse(bytesOf(file), file), file);
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `${file} cannot be read: ${(error as Error).message}. Record it with \`npx tsx experiments/record-table/record-table.ts\`.`;
    throw new NasError('TABLE_MISSING', message, { facts: { file }, cause: error });
  }
}

function parse(bytes: Uint8Array, file: string): Json {
  try {
    return JSON.parse(gunzipSync(bytes).toString('utf8')) as Json;
  } catch (error) {
    const message = `${file} is damaged: ${(error as Error).message}. Restore the file, or record the table again.`;
    throw new NasError('TABLE_DAMAGED', message, { facts: { file }, cause: error });
  }
}
