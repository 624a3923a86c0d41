import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { problems } from '../../search/bench/index.ts';
import type { Problem, ProblemDefinition } from '../../search/bench/problem.ts';
import { checkTable, type RecordedTable, tableProblem } from '../../search/bench/table.ts';

/** Recorded tables ship with the package, beside src/ and dist/ alike. */
const tableFolder = new URL('../../../results/recorded-table/', import.meta.url);

const recorded = { name: 'fashion-resnet6', summary: 'every candidate of a small space, trained on Fashion-MNIST: a replay' };

/** What `nas bench` can play: formulas with known fronts, and recorded trials. */
export const benchProblems: readonly ProblemDefinition[] = [
  ...problems,
  { ...recorded, create: () => recordedProblem(recorded) },
];

/** A recorded table of the package as a problem. Throws what `readTable` throws. */
export const recordedProblem = ({ name, summary }: { readonly name: string; readonly summary: string }): Problem =>
  tableProblem(readTable(fileURLToPath(new URL(`${name}.json.gz`, tableFolder))), summary);

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
