export type PanelName = 'scatter' | 'hypervolume' | 'table' | 'detail';

/** A panel and its size in characters. */
export interface Place {
  readonly panel: PanelName;
  readonly width: number;
  readonly height: number;
}

/** Where the panels go: header, workers, the stacks side by side, log, keys. A height of 0: left out. */
export interface Layout {
  readonly workers: number;
  readonly log: number;
  readonly stacks: readonly (readonly Place[])[];
}

/** Columns between two stacks. */
export const gutter = 2;

/** Lines of the header and of the keys. */
const fixed = 3 + 1;
/** From these widths on there are two and three stacks. */
const two = 72;
const three = 170;

/**
 * Fills the screen exactly. On narrow screens one stack: scatter over table. Then two: scatter over hypervolume, table over
 * detail. Then three: scatter; table over hypervolume; detail. Where there is no room for both, an open detail takes the
 * table's place.
 */
export function layoutFor(columns: number, rows: number, workerCount: number, detailOpen: boolean): Layout {
  const free = Math.max(0, rows - fixed);
  const workers = free < 9 ? 0 : 1 + Math.min(Math.max(1, workerCount), Math.max(2, Math.floor(rows / 8)));
  const log = free < 14 ? 0 : rows < 32 ? 3 : rows < 50 ? 6 : 9;
  const body = free - workers - log;
  const list = detailOpen ? 'detail' : 'table';
  const stacks =
    columns < two ? [single(columns, body, list)] : columns < three ? pair(columns, body, list) : triple(columns, body);
  return { workers, log, stacks };
}

function single(width: number, body: number, list: PanelName): Place[] {
  const scatter = body < 10 ? 0 : Math.ceil(body / 2);
  return stack(width, [
    ['scatter', scatter],
    [list, body - scatter],
  ]);
}

function pair(columns: number, body: number, list: PanelName): Place[][] {
  const right = Math.min(66, Math.max(36, Math.floor(columns * 0.46)));
  const hypervolume = body < 9 ? 0 : body < 20 ? 2 : 5;
  const table = list === 'detail' ? 0 : body < 22 ? body : Math.floor(body / 2);
  return [
    stack(columns - right - gutter, [
      ['scatter', body - hypervolume],
      ['hypervolume', hypervolume],
    ]),
    stack(right, [
      ['table', table],
      ['detail', body - table],
    ]),
  ];
}

function triple(columns: number, body: number): Place[][] {
  const [middle, right] = [62, Math.min(76, Math.floor(columns * 0.28))];
  const hypervolume = Math.floor(body / 4);
  return [
    stack(columns - middle - right - 2 * gutter, [['scatter', body]]),
    stack(middle, [
      ['table', body - hypervolume],
      ['hypervolume', hypervolume],
    ]),
    stack(right, [['detail', body]]),
  ];
}

const stack = (width: number, panels: readonly (readonly [panel: PanelName, height: number])[]): Place[] =>
  panels.filter(([, height]) => height > 0).map(([panel, height]) => ({ panel, width, height }));
