import type { Cell, TableFormat } from './table.ts';

/** Comma-separated values (RFC 4180): a line of names, then one line per row; a cell that a row lacks is empty. */
export const csv: TableFormat = {
  name: 'csv',
  summary: 'comma-separated values, for spreadsheets and data frames',
  write: (rows, columns) =>
    [columns.map(quoted), ...rows.map((row) => columns.map((column) => quoted(row[column] ?? null)))]
      .map((cells) => `${cells.join(',')}\r\n`)
      .join(''),
};

function quoted(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
