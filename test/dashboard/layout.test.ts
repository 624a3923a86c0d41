import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gutter, layoutFor, regionsOf } from '../../src/dashboard/layout.ts';
import { type ViewName, views } from '../../src/dashboard/ui-state.ts';

const panelsOf = (view: ViewName, columns: number, rows: number) =>
  layoutFor(view, columns, rows, 2).stacks.map((stack) => stack.map(({ panel }) => panel).join('+'));

describe('layout', () => {
  it.each<[ViewName, number, number, string[]]>([
    ['overview', 60, 24, ['scatter+table']],
    ['overview', 80, 24, ['scatter+hypervolume', 'table']],
    ['overview', 120, 40, ['scatter+hypervolume', 'table+detail']],
    ['overview', 250, 70, ['scatter', 'table+hypervolume', 'detail']],
    ['trials', 80, 24, ['trials']],
    ['trials', 250, 70, ['trials', 'detail']],
    ['trial', 80, 24, ['detail']],
    ['trial', 120, 40, ['facts', 'choices']],
    ['layers', 250, 70, ['layers']],
    ['events', 80, 24, ['events']],
  ])('%s on %d × %d', (view, columns, rows, expected) => expect(panelsOf(view, columns, rows)).toEqual(expected));

  it('fills every screen exactly', () => {
    const size = { columns: fc.integer({ min: 20, max: 400 }), rows: fc.integer({ min: 6, max: 120 }) };
    fc.assert(
      fc.property(
        size.columns,
        size.rows,
        fc.integer({ min: 0, max: 64 }),
        fc.constantFrom(...views),
        (columns, rows, workers, view) => {
          const layout = layoutFor(view, columns, rows, workers);
          const widths = layout.stacks.map((stack) => stack[0]!.width);
          expect(widths.reduce((sum, width) => sum + width, gutter * (widths.length - 1))).toBe(columns);
          for (const stack of layout.stacks) {
            const body = stack.reduce((sum, { height }) => sum + height, 0);
            expect(3 + layout.workers + body + layout.log + 1).toBe(rows);
          }
          for (const { left, top, width, height } of regionsOf(layout)) {
            expect(left + width).toBeLessThanOrEqual(columns);
            expect(top + height).toBeLessThan(rows);
          }
        },
      ),
    );
  });
});
