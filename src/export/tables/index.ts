/** Shapes in which a table is written. To add one: a file beside this one, and a line in the list. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { NasError } from '../../core/errors.ts';
import { writeWhole } from '../written.ts';
import { csv } from './csv.ts';
import { json } from './json.ts';
import { ndjson } from './ndjson.ts';
import { columnsOf, type Row, type TableFormat } from './table.ts';

export const tableFormats: readonly TableFormat[] = [csv, json, ndjson];

/** The format that a file's ending names. Throws NasError TABLE_FORMAT, TABLE_EXISTS. */
export function tableFormatFor(file: string): TableFormat {
  const format = tableFormats.find(({ name }) => file.endsWith(`.${name}`));
  if (!format) {
    const endings = tableFormats.map(({ name }) => `.${name}`).join(', ');
    throw new NasError('TABLE_FORMAT', `${file}: the ending says how it is written. Take one of ${endings}.`, {
      facts: { file },
    });
  }
  if (existsSync(file)) throw new NasError('TABLE_EXISTS', `${file} exists already. Name a new file.`, { facts: { file } });
  return format;
}

/** Writes rows to a file; it appears complete or not at all. Throws NasError TABLE_FORMAT, TABLE_EXISTS, FILE_PLACE, FILE_FULL. */
export async function writeTable(file: string, rows: readonly Row[]): Promise<void> {
  const format = tableFormatFor(file);
  await writeWhole(file, (temporary) => writeFile(temporary, format.write(rows, columnsOf(rows))));
}

/** Nothing at all where there are no rows. */
export const csvText = (rows: readonly Row[]): string => (rows.length === 0 ? '' : csv.write(rows, columnsOf(rows)));
