import type { TableFormat } from './table.ts';

export const ndjson: TableFormat = {
  name: 'ndjson',
  summary: 'one JSON object per line',
  write: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
};
