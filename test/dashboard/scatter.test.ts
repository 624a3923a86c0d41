import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brailleOf, createCanvas, light } from '../../src/dashboard/braille.ts';
import { scaleOf, ticks } from '../../src/dashboard/scale.ts';
import { dotOf, frameOf, labels, type ScatterInput, scatter } from '../../src/dashboard/scatter.ts';

const input = (fields: Partial<ScatterInput> = {}): ScatterInput => ({
  x: 'size',
  y: 'accuracy',
  points: [],
  bounds: { x: [], y: [] },
  columns: 40,
  rows: 12,
  ...fields,
});
const textOf = (picture: ReturnType<typeof scatter>) => picture.map((row) => row.map(({ text }) => text).join(''));

describe('braille canvas', () => {
  it.each([
    [0, 0, '⠁'],
    [0, 1, '⠂'],
    [0, 2, '⠄'],
    [0, 3, '⡀'],
    [1, 0, '⠈'],
    [1, 1, '⠐'],
    [1, 2, '⠠'],
    [1, 3, '⢀'],
  ])('lights the dot %d, %d as %s', (x, y, char) => {
    const canvas = createCanvas(1, 1);
    light(canvas, x, y);
    expect(brailleOf(canvas.cells[0]!)).toBe(char);
  });

  it('lets dots outside go', () => {
    const canvas = createCanvas(2, 2);
    for (const [x, y] of [
      [-1, 0],
      [4, 0],
      [0, 8],
      [0, -1],
    ] as const)
      light(canvas, x, y);
    expect([...canvas.cells]).toEqual([0, 0, 0, 0]);
  });
});

describe('axes', () => {
  it.each<[string, number[], boolean, number[]]>([
    ['a linear one', [0, 10], false, [0, 2, 4, 6, 8, 10]],
    ['one of fractions', [0.85, 0.92], false, [0.86, 0.88, 0.9, 0.92]],
    ['a logarithmic one', [2000, 300_000], true, [2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000]],
    ['one over many decades', [1, 1e9], true, [1, 100, 1e4, 1e6, 1e8]],
  ])('choose round ticks for %s', (_, values, log, expected) => {
    const scale = scaleOf(values);
    expect(scale.log).toBe(log);
    expect(ticks(scale, 7).map((tick) => Number(tick.toPrecision(12)))).toEqual(expected);
  });

  it('put every value between 0 and 1, with at most as many ticks as asked for, all inside', () => {
    const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 12 }), (values, count) => {
        const scale = scaleOf(values);
        const marks = ticks(scale, count);
        const inside = (value: number) => scale.position(value) >= -1e-6 && scale.position(value) <= 1 + 1e-6;
        return values.every(inside) && marks.length <= count && marks.every(inside);
      }),
      { numRuns: 1000, examples: [[[999999999.9999967, 999999999.9999957], 6]] },
    );
  });

  it('write ticks without needless decimals, alike for one unit', () => {
    expect(labels('size', [20_000, 50_000, 1e6])).toEqual(['20 kB', '50 kB', '1 MB']);
    expect(labels('accuracy', [0.9, 0.925])).toEqual(['90.0 %', '92.5 %']);
    expect(labels('latencyMs', [0.5, 1, 1.5])).toEqual(['0.5 ms', '1.0 ms', '1.5 ms']);
  });
});

describe('scatter', () => {
  const corners = [
    { x: 0, y: 0, role: 'trial' as const },
    { x: 100, y: 1, role: 'trial' as const },
  ];

  it('lights the expected cell of a known point', () => {
    const picture = textOf(scatter(input({ points: [...corners, { x: 50, y: 0.5, role: 'trial' }], columns: 28, rows: 12 })));
    // The label "100 %" and its axis take 7 columns, which leaves 21 × 10 cells of 42 × 40 dots: (50, 0.5) is dot (21, 20).
    expect(picture[5]).toMatch(/^.{7} {10}⠈ *$/);
  });

  it('draws front, baseline, the trial that is selected, and bounds', () => {
    const points = [
      ...corners,
      { x: 30, y: 0.6, role: 'front' as const },
      { x: 60, y: 0.8, role: 'selected' as const },
      { x: 95, y: 0.9, role: 'baseline' as const },
    ];
    const picture = scatter(input({ points, bounds: { x: [80], y: [0.3] } }));
    const runs = picture.flat();
    expect(runs.filter(({ role }) => role === 'front').map(({ text }) => text.trim())).toEqual(['●']);
    expect(runs.filter(({ role }) => role === 'selected').map(({ text }) => text)).toEqual(['●']);
    expect(runs.filter(({ role }) => role === 'baseline').map(({ text }) => text.trim())).toEqual(['◆']);
    const bounds = runs.filter(({ role }) => role === 'bound').map(({ text }) => text);
    expect(bounds.join('')).toMatch(/┊/);
    expect(bounds.join('')).toMatch(/┈{10}/);
    expect(runs.some(({ role }) => role === 'line')).toBe(true);
  });

  it('pins collapsed models to the bottom edge instead of shrinking the rest', () => {
    const good = Array.from({ length: 20 }, (_, i) => ({ x: 10 + i, y: 0.9 + i / 1000, role: 'trial' as const }));
    const picture = textOf(scatter(input({ points: [...good, { x: 20, y: 0.1, role: 'trial' }] })));
    expect(picture[9]).toContain('▾');
    expect(picture[0]).not.toContain('10 %');
  });

  const point = fc.record({
    x: fc.double({ min: 1, max: 1e7, noNaN: true }),
    y: fc.double({ min: 0, max: 1, noNaN: true }),
    role: fc.constantFrom('trial' as const, 'front' as const, 'baseline' as const, 'selected' as const),
  });
  const size = { columns: fc.integer({ min: 12, max: 120 }), rows: fc.integer({ min: 3, max: 40 }) };

  it('lights a cell for every point in range, on rows of the exact width', () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 40 }), size.columns, size.rows, (points, columns, rows) => {
        const options = input({ points, columns, rows });
        const frame = frameOf(options);
        const picture = textOf(scatter(options));
        expect(picture).toHaveLength(rows);
        for (const line of picture) expect(line.length).toBe(Math.max(columns, frame.left + 1));
        for (const one of points) {
          const dot = dotOf(frame, one);
          if (dot) expect(picture[dot.y >> 2]![frame.left + (dot.x >> 1)]).not.toBe(' ');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves out points without a number', () => {
    const points = [
      ...corners,
      { x: Number.NaN, y: 0.5, role: 'front' as const },
      { x: 5, y: Number.POSITIVE_INFINITY, role: 'front' as const },
    ];
    expect(textOf(scatter(input({ points })))).toEqual(textOf(scatter(input({ points: corners }))));
  });
});
