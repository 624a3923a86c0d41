import { describe, expect, it } from 'vitest';
import { type Column, table } from '../../src/cli/table.ts';
import { unbroken, wrapped } from '../../src/cli/wrap.ts';

interface Row {
  readonly name: string;
  readonly bytes: string;
  readonly why: string;
}

const rows: readonly Row[] = [
  { name: 'stem', bytes: '12', why: '' },
  { name: 'dense', bytes: '1234', why: 'the loss became NaN in the first epoch, and did not come back' },
];
const columns: readonly Column<Row>[] = [
  { title: 'layer', cell: ({ name }) => name },
  { title: 'bytes', align: 'right', cell: ({ bytes }) => bytes, spare: true },
  { title: 'why', cell: ({ why }) => why, wraps: true },
];

describe('a table', () => {
  it('has whole lines where there is no terminal', () => {
    expect(table(rows, columns)).toBe(['layer  bytes  why', 'stem      12', `dense   1234  ${rows[1]!.why}`].join('\n'));
  });

  it('wraps text in its column where the terminal is narrow', () => {
    expect(table(rows, columns, 40).split('\n')).toEqual([
      'layer  bytes  why',
      'stem      12',
      'dense   1234  the loss became NaN in the',
      '              first epoch, and did not',
      '              come back',
    ]);
  });

  it('has a class below its metric where the terminal is narrow', () => {
    const recall: Column<Row> = { title: 'recall(Ankle boot)', align: 'right', cell: () => '93.00 %' };
    expect(table(rows.slice(0, 1), [columns[0]!, recall], 40)).toBe('layer  recall(Ankle boot)\nstem              93.00 %');
    expect(table(rows.slice(0, 1), [columns[0]!, recall], 20).split('\n')).toEqual([
      'layer        recall',
      '       (Ankle boot)',
      'stem        93.00 %',
    ]);
  });

  it('leaves out what is spare where text would have too little room', () => {
    expect(table(rows, columns, 30).split('\n').slice(0, 3)).toEqual(['layer  why', 'stem', 'dense  the loss became NaN in']);
  });
});

describe('text for a terminal', () => {
  it('breaks between words, and keeps a command in one piece', () => {
    const line = `Ship it now: ${unbroken('nas export --trial 1 --out model')}`;
    expect(wrapped(line, '', '', 40)).toBe('Ship it now:\nnas export --trial 1 --out model');
    expect(wrapped(line)).toBe('Ship it now: nas export --trial 1 --out model');
    expect(wrapped('one two\nthree four', '  ', '', 7)).toBe('one two\nthree\n  four');
  });
});
