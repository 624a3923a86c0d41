/** What a cell of a table holds; null: nothing. */
export type Cell = string | number | boolean | null;

/** One row by its columns' names. Rows of a table may lack columns that others have. */
export type Row = Readonly<Record<string, Cell>>;

/** One way to write a table down. */
export interface TableFormat {
  /** Also the ending of its files. */
  readonly name: string;
  readonly summary: string;
  /** The whole file. `columns`: all that any row has, in order. */
  write(rows: readonly Row[], columns: readonly string[]): string;
}

/** All columns of some rows, in the order in which they first come. */
export const columnsOf = (rows: readonly Row[]): readonly string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))];
