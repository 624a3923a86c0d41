import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Metrics } from '../../src/core/objective.ts';
import type { MeasuredRung } from './rungs.ts';

/** One measured candidate. */
export interface Entry {
  /** Of the table: a network, whatever candidates mean it. */
  readonly row: number;
  /** 0: the first training of the row; from 1 on with other seeds. */
  readonly repeat: number;
  readonly rungs: readonly MeasuredRung[];
}

const idOf = ({ row, repeat }: Pick<Entry, 'row' | 'repeat'>) => `${row}/${repeat}`;

/** What is measured so far, line by line in a file: a recording that was stopped, or killed, goes on where it was. */
export class Journal {
  readonly entries: Entry[] = [];
  readonly #known = new Set<string>();
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
      const entry = parse(line);
      if (entry) this.#keep(entry);
    }
  }

  has(row: number, repeat: number): boolean {
    return this.#known.has(idOf({ row, repeat }));
  }

  add(entry: Entry): void {
    // The newline comes first: it ends a line that a kill left half written.
    appendFileSync(this.#file, `\n${JSON.stringify(entry)}`);
    this.#keep(entry);
  }

  #keep(entry: Entry): void {
    if (this.has(entry.row, entry.repeat)) return;
    this.#known.add(idOf(entry));
    this.entries.push(entry);
  }
}

/** Undefined for an empty line, and for one that was cut off. */
function parse(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}

export const metricNames = ['accuracy', 'size', 'macs', 'params'] as const satisfies readonly (keyof Metrics)[];
