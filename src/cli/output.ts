import { csvText } from '../export/tables/index.ts';
import type { Row } from '../export/tables/table.ts';

/** Writing to standard output: the commands print here and nowhere else. */

export const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

export const printCsv = (rows: readonly Row[]): void => void process.stdout.write(csvText(rows));

/** Notes for people beside the result, on standard error. */
export const note = (text: string): void => void process.stderr.write(`${text}\n`);

/** A reader that went away (`nas front | head -1`) ends the command quietly, as in other command-line tools. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}
