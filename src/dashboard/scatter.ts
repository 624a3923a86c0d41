import { brailleOf, type Canvas, cellAt, createCanvas, light } from './braille.ts';
import { metricFormat } from './format.ts';
import { type Scale, scaleOf, ticks } from './scale.ts';

/** A picture of points in characters: x is minimized (size, latency …), y is maximized (accuracy). */
export interface ScatterInput {
  readonly x: string;
  readonly y: string;
  readonly points: readonly ScatterPoint[];
  /** Values of constraints on either metric, drawn as lines. */
  readonly bounds: { readonly x: readonly number[]; readonly y: readonly number[] };
  /** Where a constraint is missed: beyond that bound on that side. Dotted thinly. */
  readonly missed?: readonly Missed[];
  /** Of the whole picture, axes included. */
  readonly columns: number;
  readonly rows: number;
}

export interface Missed {
  readonly axis: 'x' | 'y';
  readonly bound: number;
  readonly side: 'below' | 'above';
}

export interface ScatterPoint {
  readonly x: number;
  readonly y: number;
  /** How far its noise reaches; drawn as a bar. */
  readonly xRange?: readonly [low: number, high: number];
  readonly yRange?: readonly [low: number, high: number];
  readonly role: 'trial' | 'front' | 'baseline' | 'selected';
}

/** What a cell shows; the theme gives each its colour. Shapes differ too. */
export type CellRole = ScatterPoint['role'] | 'line' | 'bound' | 'axis';

/** Neighbouring characters of one role. */
export interface ScatterRun {
  readonly text: string;
  readonly role: CellRole;
}

export const markers = { front: '●', baseline: '◆', selected: '●', below: '▾' } as const;

/** The plot area inside the picture, and its axes. Row 0 is the top. */
export interface Frame {
  readonly left: number;
  readonly columns: number;
  readonly rows: number;
  readonly x: Scale;
  readonly y: Scale;
  readonly yLabels: ReadonlyMap<number, string>;
}

/** Rows of runs, each row exactly `columns` wide. Points with a value that is not finite are left out. */
export function scatter(input: ScatterInput): ScatterRun[][] {
  const points = input.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const frame = frameOf({ ...input, points });
  const plot = paint(frame, points, input);
  const rows = Array.from({ length: frame.rows }, (_, row) => [
    yAxisCell(frame, row),
    ...plot.slice(row * frame.columns, (row + 1) * frame.columns),
  ]);
  return [...rows.map(toRuns), ...xAxis(frame, input)];
}

/** The cell of a value pair, or undefined where it lies outside of the axes. Exported for its law: in range ⇒ lit. */
export function dotOf(frame: Frame, point: { readonly x: number; readonly y: number }): { x: number; y: number } | undefined {
  const [px, py] = [frame.x.position(point.x), frame.y.position(point.y)];
  if (!(px >= 0 && px <= 1 && py >= 0 && py <= 1)) return undefined;
  return { x: Math.round(px * (frame.columns * 2 - 1)), y: Math.round((1 - py) * (frame.rows * 4 - 1)) };
}

export function frameOf({ points, y: yMetric, columns, rows }: ScatterInput): Frame {
  const plotRows = Math.max(1, rows - 2);
  const x = scaleOf(points.map((point) => point.x));
  const y = scaleOf(withoutTail(points.map((point) => point.y)));
  const values = ticks(y, Math.max(1, Math.ceil(plotRows / 2.5)));
  const texts = labels(yMetric, values);
  const left = Math.max(0, ...texts.map((text) => text.length)) + 2;
  const yLabels = new Map(values.map((value, i) => [rowOf(y, plotRows, value), texts[i]!]));
  return { left, columns: Math.max(1, columns - left), rows: plotRows, x, y, yLabels };
}

/**
 * Collapsed models (accuracy of a coin) would press the interesting ones into one row: what lies far below the lower
 * quartile is left to the `▾` at the bottom edge.
 */
function withoutTail(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const quartile = sorted[Math.floor(sorted.length / 4)] ?? 0;
  const top = sorted.at(-1) ?? 0;
  const floor = top - 2.5 * (top - quartile);
  return top === quartile ? sorted : sorted.filter((value) => value >= floor);
}

const rowOf = (y: Scale, rows: number, value: number) => Math.round((1 - y.position(value)) * (rows * 4 - 1)) >> 2;

interface Cell {
  readonly char: string;
  readonly role: CellRole;
}

function paint(frame: Frame, points: readonly ScatterPoint[], { bounds, missed = [] }: ScatterInput): Cell[] {
  const { columns, rows } = frame;
  const trials = createCanvas(columns, rows);
  const line = createCanvas(columns, rows);
  for (const point of points) {
    const dot = dotOf(frame, point);
    if (dot && point.role === 'trial') light(trials, dot.x, dot.y);
  }
  stairs(
    frame,
    line,
    points.filter(({ role }) => role !== 'trial' && role !== 'baseline'),
  );
  for (const point of points) bars(frame, line, point);
  const cells = Array.from({ length: columns * rows }, (_, i) => cellOf(trials.cells[i]!, line.cells[i]!));
  drawBounds(frame, cells, bounds);
  for (const each of missed) shade(frame, cells, each);
  for (const role of ['trial', 'front', 'baseline', 'selected'] as const) {
    for (const point of points) if (point.role === role) mark(frame, cells, point);
  }
  return cells;
}

const cellOf = (trials: number, line: number): Cell => ({ char: brailleOf(trials | line), role: line === 0 ? 'trial' : 'line' });

/** Markers replace what is in their cell; points below the axis are pinned to its end. Plain trials are dots already. */
function mark(frame: Frame, cells: Cell[], { x, y, role }: ScatterPoint): void {
  const dot = dotOf(frame, { x, y: Math.max(y, frame.y.min) });
  if (!dot) return;
  const cell = cellAt(frame, dot.x >> 1, dot.y >> 2);
  if (y < frame.y.min) cells[cell] = { char: markers.below, role };
  else if (role !== 'trial') cells[cell] = { char: markers[role], role };
}

/** The border of what the front dominates: from point to point right, then up. */
function stairs(frame: Frame, canvas: Canvas, front: readonly ScatterPoint[]): void {
  const dots = front.flatMap((point) => dotOf(frame, point) ?? []).sort((a, b) => a.x - b.x || a.y - b.y);
  let before: { x: number; y: number } | undefined;
  for (const dot of dots) {
    if (before && dot.y >= before.y) continue;
    if (before) {
      for (let x = before.x; x <= dot.x; x++) light(canvas, x, before.y);
      for (let y = dot.y; y <= before.y; y++) light(canvas, dot.x, y);
    }
    before = dot;
  }
  if (before) for (let x = before.x; x < frame.columns * 2; x++) light(canvas, x, before.y);
}

/** Error bars, in dots; the marker covers their middle. */
function bars(frame: Frame, canvas: Canvas, { x, y, xRange, yRange }: ScatterPoint): void {
  const middle = dotOf(frame, { x, y });
  if (!middle) return;
  const across = (value: number) => Math.round(frame.x.position(value) * (frame.columns * 2 - 1));
  const down = (value: number) => Math.round((1 - frame.y.position(value)) * (frame.rows * 4 - 1));
  if (xRange) for (const dot of between(across(xRange[0]), across(xRange[1]), frame.columns * 2)) light(canvas, dot, middle.y);
  if (yRange) for (const dot of between(down(yRange[1]), down(yRange[0]), frame.rows * 4)) light(canvas, middle.x, dot);
}

/** Dots from one to the other, as far as they are on the canvas. */
function between(from: number, to: number, size: number): number[] {
  const [first, last] = [Math.max(0, from), Math.min(size - 1, to)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** A thin pattern over the part of the plot where a constraint is missed, in empty cells only. */
function shade(frame: Frame, cells: Cell[], { axis, bound, side }: Missed): void {
  const limit = axis === 'x' ? frame.x.position(bound) : frame.y.position(bound);
  for (let row = 0; row < frame.rows; row++) {
    for (let column = (row % 2) * 3; column < frame.columns; column += 6) {
      const position = axis === 'x' ? (column + 0.5) / frame.columns : 1 - (row + 0.5) / frame.rows;
      const cell = cellAt(frame, column, row);
      if ((side === 'below' ? position < limit : position > limit) && cells[cell]!.char === ' ')
        cells[cell] = { char: '·', role: 'bound' };
    }
  }
}

/** Constraint bounds as dotted lines, in empty cells only. */
function drawBounds(frame: Frame, cells: Cell[], bounds: ScatterInput['bounds']): void {
  const set = (column: number, row: number, char: string) => {
    const cell = cellAt(frame, column, row);
    if (cells[cell]!.char === ' ') cells[cell] = { char, role: 'bound' };
  };
  for (const bound of bounds.y) {
    const dot = dotOf(frame, { x: frame.x.min, y: bound });
    if (dot) for (let column = 0; column < frame.columns; column++) set(column, dot.y >> 2, '┈');
  }
  for (const bound of bounds.x) {
    const dot = dotOf(frame, { x: bound, y: frame.y.min });
    if (dot) for (let row = 0; row < frame.rows; row++) set(dot.x >> 1, row, '┊');
  }
}

function yAxisCell(frame: Frame, row: number): Cell {
  const label = frame.yLabels.get(row);
  return { char: `${(label ?? '').padStart(frame.left - 2)} ${label === undefined ? '│' : '┤'}`, role: 'axis' };
}

/** The axis line with its ticks, and their labels centred below. */
function xAxis(frame: Frame, { x: metric, columns }: ScatterInput): ScatterRun[][] {
  const labelWidth = 9;
  const values = ticks(frame.x, Math.max(1, Math.floor(frame.columns / labelWidth)));
  const line = Array.from({ length: frame.columns }, () => '─');
  const below = Array.from({ length: columns }, () => ' ');
  let free = 0;
  for (const [i, text] of labels(metric, values).entries()) {
    const column = Math.round(frame.x.position(values[i]!) * (frame.columns * 2 - 1)) >> 1;
    line[column] = '┬';
    const start = Math.min(columns - text.length, frame.left + column - (text.length >> 1));
    if (start < free) continue;
    below.splice(start, text.length, ...Array.from(text));
    free = start + text.length + 1;
  }
  return [
    [{ text: `${' '.repeat(Math.max(0, frame.left - 1))}└${line.join('')}`, role: 'axis' }],
    [{ text: below.join(''), role: 'axis' }],
  ];
}

/** Tick labels with as few decimals as the values need, the same for all of one unit. */
export function labels(metric: string, values: readonly number[]): string[] {
  const { format } = metricFormat(metric);
  const parts = values.map((value) => {
    const [number = '', unit = ''] = format(value).split(' ');
    return { number, unit, decimals: number.replace(/0+$/, '').split('.')[1]?.length ?? 0 };
  });
  return parts.map(({ number, unit }) => {
    const decimals = Math.max(...parts.filter((other) => other.unit === unit).map((other) => other.decimals));
    const [whole, fraction] = number.split('.');
    const shown = fraction === undefined || decimals === 0 ? whole : `${whole}.${fraction.slice(0, decimals)}`;
    return `${shown} ${unit}`.trim();
  });
}

function toRuns(cells: readonly Cell[]): ScatterRun[] {
  const runs: { text: string; role: CellRole }[] = [];
  for (const { char, role } of cells) {
    const last = runs.at(-1);
    if (last && (last.role === role || (char === ' ' && last.role !== 'selected'))) last.text += char;
    else runs.push({ text: char, role });
  }
  return runs;
}
