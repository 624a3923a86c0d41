import { writeSync } from 'node:fs';
import { exitCodes } from '../core/errors.ts';
import { csvText } from '../export/tables/index.ts';
import type { Row } from '../export/tables/table.ts';
import { columnsOf, fitted } from './wrap.ts';

/** Writing to standard output: the commands print here and nowhere else. */

export const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

export const printCsv = (rows: readonly Row[]): void => void process.stdout.write(csvText(rows));

/** Notes for people beside the result, on standard error. */
export const note = (text: string): void => void process.stderr.write(`${fitted(text, columnsOf(process.stderr))}\n`);

/** What becomes of a command whose output nobody takes. */
export interface OutputTrouble {
  /** The reader went away. */
  closed(): void;
  /** It cannot be written: a full disk, say. */
  failed(reason: string): void;
}

/** `nas front | head -1` ends quietly, as in other command-line tools; half an answer is none. */
const usual: OutputTrouble = {
  closed: () => process.exit(exitCodes.ok),
  failed: (reason) => {
    writeSync(process.stderr.fd, `error: the output cannot be written: ${reason}\n`);
    process.exit(exitCodes.failure);
  },
};

let trouble = usual;

/** For a command that does more than answer, to its end: what it prints last is found out only then. */
export function onOutputTrouble(handler: OutputTrouble): void {
  trouble = handler;
}

export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') trouble.closed();
    else trouble.failed(error.message);
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => process.exit(exitCodes.failure));
}
