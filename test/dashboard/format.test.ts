import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatFixed,
  formatMetric,
  formatMs,
  formatPercent,
  formatPoints,
  formatRatio,
  formatTook,
  savedBy,
} from '../../src/dashboard/format.ts';
import { missText } from '../../src/dashboard/missed.ts';

describe('numbers as people read them', () => {
  it.each([
    [0, '0 B'],
    [812, '812 B'],
    [999.6, '1.00 kB'],
    [8740, '8.74 kB'],
    [87_400, '87.4 kB'],
    [999_499, '999 kB'],
    [999_950, '1.00 MB'],
    [1_080_000, '1.08 MB'],
    [2e9, '2.00 GB'],
  ])('formatBytes(%d) is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, '0 ms'],
    [0.0123, '0.0123 ms'],
    [0.887, '0.887 ms'],
    [1.234, '1.23 ms'],
    [9.999, '10.0 ms'],
    [123.4, '123 ms'],
    [1500, '1.50 s'],
  ])('formatMs(%d) is %s', (ms, text) => expect(formatMs(ms)).toBe(text));

  it.each([
    [0.9123, '91.23 %'],
    [1, '100.00 %'],
    [0, '0.00 %'],
  ])('formatPercent(%d) is %s', (fraction, text) => expect(formatPercent(fraction)).toBe(text));

  it.each([
    [-0.0042, '−0.42'],
    [0.001, '+0.10'],
    [0, '0.00'],
    [-0.000001, '0.00'],
    [0.000001, '0.00'],
  ])('formatPoints(%d) is %s', (difference, text) => expect(formatPoints(difference)).toBe(text));

  it.each([
    [0, '0'],
    [812, '812'],
    [1_200_000, '1.2 M'],
    [40_600_000, '40.6 M'],
    [272_474, '272 k'],
    [999_900, '1.0 M'],
  ])('formatCount(%d) is %s', (count, text) => expect(formatCount(count)).toBe(text));

  it('formatFixed has one minus, and none before zero', () =>
    expect([-0.001, -0.0004, 1.5, undefined].map((value) => formatFixed(value, 3))).toEqual(['−0.001', '0.000', '1.500', '—']));

  it.each([
    [8.31, '8.3×'],
    [99.96, '100×'],
    [123.4, '123×'],
    [0.5, '0.5×'],
  ])('formatRatio(%d) is %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text));

  it.each([
    [-5, '0 s'],
    [8000, '8 s'],
    [59_600, '1 min 00 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 05 min'],
    [273_600_000, '3 d 4 h'],
  ])('formatDuration(%d) is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [0, '0.0 s'],
    [420, '0.4 s'],
    [9949, '9.9 s'],
    [9950, '10 s'],
    [200_000, '3 min 20 s'],
    [undefined, '—'],
  ])('formatTook(%s) is %s', (ms, text) => expect(formatTook(ms)).toBe(text));

  it.each([
    [0, '0:00'],
    [200_900, '3:20'],
    [4_000_000, '1:06:40'],
  ])('formatClock(%d) is %s', (ms, text) => expect(formatClock(ms)).toBe(text));

  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY])('writes %s as a dash', (value) => {
    const formats = [formatBytes, formatMs, formatPercent, formatPoints, formatCount, formatRatio, formatDuration];
    for (const format of formats) expect(format(value)).toBe('—');
  });

  it('knows the units of the metrics, and writes unknown ones plainly', () => {
    expect(formatMetric('size', 87_400)).toBe('87.4 kB');
    expect(formatMetric('accuracy', 0.9)).toBe('90.00 %');
    expect(formatMetric('sparsity', 0.25)).toBe('0.2500');
    expect(formatMetric('sparsity', undefined)).toBe('—');
  });
});

describe('what a search is to save', () => {
  it.each([
    [{ accuracy: 'maximize', macs: 'minimize' }, 'macs'],
    [{ accuracy: 'maximize', throughput: 'maximize' }, 'latencyMs'],
    [{ accuracy: 'maximize' }, 'size'],
  ] as const)('%j: %s', (objectives, metric) => {
    const listed = Object.entries(objectives).map(([name, direction]) => ({ metric: name, direction }));
    expect(savedBy({ objectives: listed })).toBe(metric);
  });
});

it('a bound that is missed is told with what there is', () => {
  const bound = { metric: 'recall(Shirt)', op: '>=', bound: 0.4 } as const;
  expect(missText({ 'recall(Shirt)': 0.28 }, bound)).toBe('recall(Shirt) >= 40.00 % (28.00 %)');
  expect(missText({}, { metric: 'size', op: '<=', bound: 20_000 })).toBe('size <= 20.0 kB (—)');
});
