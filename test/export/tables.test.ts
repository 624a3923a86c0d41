import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvText, tableFormats, writeTable } from '../../src/export/tables/index.ts';
import { columnsOf, type Row } from '../../src/export/tables/table.ts';

const rows: readonly Row[] = [
  { trial: 0, state: 'done', accuracy: 0.9, reason: null },
  { trial: 1, state: 'failed', reason: 'no "luck", at all\nreally', 'stem/prune.keep': 0.5, ok: false },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-tables-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A reader of RFC 4180 that is not ours to write with. */
function parseCsv(text: string): string[][] {
  const lines: string[][] = [[]];
  let cell = '';
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (inside && char === '"' && text[i + 1] === '"') cell += text[i++];
    else if (char === '"') inside = !inside;
    else if (!inside && char === ',') {
      lines.at(-1)!.push(cell);
      cell = '';
    } else if (!inside && char === '\r' && text[i + 1] === '\n') {
      lines.at(-1)!.push(cell);
      [cell, i] = ['', i + 1];
      lines.push([]);
    } else cell += char;
  }
  return lines.slice(0, -1);
}

describe('tables', () => {
  it('csv: one line of names, one per row, empty where a row has nothing', () => {
    expect(parseCsv(csvText(rows))).toEqual([
      ['trial', 'state', 'accuracy', 'reason', 'stem/prune.keep', 'ok'],
      ['0', 'done', '0.9', '', '', ''],
      ['1', 'failed', '', 'no "luck", at all\nreally', '0.5', 'false'],
    ]);
    expect(csvText([])).toBe('');
  });

  it('csv: any text comes back', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (cells) => {
        const [, ...read] = parseCsv(csvText(cells.map((cell) => ({ cell, n: 1 }))));
        expect(read).toEqual(cells.map((cell) => [cell, '1']));
      }),
    );
  });

  it.each(tableFormats)('$name: a file that appears whole, once', async (format) => {
    const file = join(folder, `trials.${format.name}`);
    await writeTable(file, rows);
    expect(await readFile(file, 'utf8')).toBe(format.write(rows, columnsOf(rows)));
    await expect(writeTable(file, rows)).rejects.toMatchObject({ code: 'TABLE_EXISTS', exitCode: 2 });
    expect((await readdir(folder)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('json and ndjson hold the rows themselves', async () => {
    expect(JSON.parse(await readFile(join(folder, 'trials.json'), 'utf8'))).toEqual(rows);
    const lines = (await readFile(join(folder, 'trials.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as Row)).toEqual(rows);
  });

  it('refuses an ending that names no format, and a folder that is not there', async () => {
    await expect(writeTable(join(folder, 'trials.xlsx'), rows)).rejects.toThrow(/Take one of \.csv, \.json, \.ndjson/);
    await expect(writeTable(join(folder, 'none', 'trials.csv'), rows)).rejects.toMatchObject({ code: 'FILE_PLACE', exitCode: 2 });
  });
});
