import type { TableFormat } from './table.ts';

export const json: TableFormat = {
  name: 'json',
  summary: 'one JSON list of objects',
  write: (rows) => `${JSON.stringify(rows, null, 2)}\n`,
};
