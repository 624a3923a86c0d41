import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gutter, layoutFor } from '../../src/dashboard/layout.ts';

const panelsOf = (columns: number, rows: number, detail = false) =>
  layoutFor(columns, rows, 2, detail).stacks.map((stack) => stack.map(({ panel }) => panel).join('+'));

describe('layout', () => {
  it.each<[number, number, string[]]>([
    [60, 24, ['scatter+table']],
    [80, 24, ['scatter+hypervolume', 'table']],
    [120, 40, ['scatter+hypervolume', 'table+detail']],
    [250, 70, ['scatter', 'table+hypervolume', 'detail']],
  ])('%d × %d', (columns, rows, expected) => expect(panelsOf(columns, rows)).toEqual(expected));

  it('gives an open detail the place of the table where there is no room for both', () => {
    expect(panelsOf(80, 24, true)).toEqual(['scatter+hypervolume', 'detail']);
    expect(panelsOf(60, 24, true)).toEqual(['scatter+detail']);
  });

  it('fills every screen exactly', () => {
    const size = { columns: fc.integer({ min: 20, max: 400 }), rows: fc.integer({ min: 6, max: 120 }) };
    fc.assert(
      fc.property(size.columns, size.rows, fc.integer({ min: 0, max: 64 }), fc.boolean(), (columns, rows, workers, detail) => {
        const layout = layoutFor(columns, rows, workers, detail);
        const widths = layout.stacks.map((stack) => stack[0]!.width);
        expect(widths.reduce((sum, width) => sum + width, gutter * (widths.length - 1))).toBe(columns);
        for (const stack of layout.stacks) {
          const body = stack.reduce((sum, { height }) => sum + height, 0);
          expect(3 + layout.workers + body + layout.log + 1).toBe(rows);
        }
      }),
    );
  });
});
