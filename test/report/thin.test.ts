import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logTicks } from '../../src/report/charts/axes.ts';
import { type PlotAxis, thinned } from '../../src/report/charts/thin.ts';
import type { TrialRow } from '../../src/report/study/picture.ts';

const rowAt = (number: number, x: number, y: number) => ({ number, metrics: { x, y } }) as unknown as TrialRow;
const axis = (metric: string, window: readonly [number, number] = [0, 1]): PlotAxis => ({
  metric,
  place: (value) => value,
  window,
  pixels: 400,
});
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const cloud = fc
  .array(fc.tuple(unit, unit), { minLength: 1, maxLength: 300 })
  .map((all) => all.map(([x, y], i) => rowAt(i, x, y)));

describe('a cloud of points', () => {
  it('loses only points that lie within three pixels of one that stays', () => {
    fc.assert(
      fc.property(cloud, (rows) => {
        const kept = thinned(rows, axis('x'), axis('y'));
        const far = (a: TrialRow, b: TrialRow) =>
          Math.hypot(a.metrics['x']! - b.metrics['x']!, a.metrics['y']! - b.metrics['y']!) * 400;
        for (const row of rows) expect(Math.min(...kept.map((other) => far(row, other)))).toBeLessThan(3);
      }),
      { numRuns: 30 },
    );
  });

  it('shows more where it is zoomed in', () => {
    const rows = Array.from({ length: 100 }, (_, i) => rowAt(i, 0.5 + i / 100_000, 0.5));
    expect(thinned(rows, axis('x'), axis('y'))).toHaveLength(1);
    expect(thinned(rows, axis('x', [0.5, 0.501]), axis('y', [0.4, 0.6]))).toHaveLength(100);
  });
});

describe('ticks of a logarithmic axis', () => {
  it('are 1, 2 and 5 times the powers of ten that lie on it', () => {
    expect(logTicks(3, 120)).toEqual([5, 10, 20, 50, 100]);
    expect(logTicks(0.03, 0.5)).toEqual([0.05, 0.1, 0.2, 0.5]);
  });
});
