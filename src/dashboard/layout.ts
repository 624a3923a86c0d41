import type { ViewName } from './ui-state.ts';

export type PanelName = 'scatter' | 'hypervolume' | 'table' | 'trials' | 'detail' | 'facts' | 'choices' | 'layers' | 'events';

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

/** A place with its top left corner on the screen, from 0. */
export interface Region extends Place {
  readonly left: number;
  readonly top: number;
}

/** Columns between two stacks. */
export const gutter = 2;

/** Below this, numbers and pictures make no sense: the screen says so instead. */
export const smallest = { columns: 36, rows: 10 } as const;

/** Lines of the header and of the keys. */
const headerLines = 3;
const fixed = headerLines + 1;
/** From these widths on there are two and three stacks. */
const two = 72;
const three = 170;
/** From these widths on a view of its own has two parts side by side. */
const wideTable = 150;
const wideDetail = 110;

/** Fills the screen exactly. */
export function layoutFor(view: ViewName, columns: number, rows: number, workerCount: number): Layout {
  const body = Math.max(0, rows - fixed);
  switch (view) {
    case 'overview':
      return overview(columns, rows, workerCount);
    case 'trials':
      return alone(
        columns >= wideTable ? sideBySide(columns, body, 'trials', 'detail', columns - 76) : [[place('trials', columns, body)]],
      );
    case 'trial':
      return alone(
        columns >= wideDetail
          ? sideBySide(columns, body, 'facts', 'choices', Math.floor(columns * 0.42))
          : [[place('detail', columns, body)]],
      );
    case 'layers':
    case 'events':
      return alone([[place(view, columns, body)]]);
    default:
      return view satisfies never;
  }
}

/** The panels that can be pointed at. */
export function regionsOf({ workers, stacks }: Layout): Region[] {
  let left = 0;
  return stacks.flatMap((stack) => {
    let top = headerLines + workers;
    const regions = stack.map((placed) => {
      const region = { ...placed, left, top };
      top += placed.height;
      return region;
    });
    left += (stack[0]?.width ?? 0) + gutter;
    return regions;
  });
}

const alone = (stacks: Layout['stacks']): Layout => ({ workers: 0, log: 0, stacks });

const place = (panel: PanelName, width: number, height: number): Place => ({ panel, width, height });

const sideBySide = (columns: number, body: number, left: PanelName, right: PanelName, width: number): Place[][] => [
  [place(left, width - gutter, body)],
  [place(right, columns - width, body)],
];

/**
 * On narrow screens one stack: scatter over table. Then two: scatter over hypervolume, table over detail. Then three: scatter;
 * table over hypervolume; detail.
 */
function overview(columns: number, rows: number, workerCount: number): Layout {
  const free = Math.max(0, rows - fixed);
  const workers = free < 9 ? 0 : 1 + Math.min(Math.max(1, workerCount), Math.max(2, Math.floor(rows / 8)));
  const log = free < 14 ? 0 : rows < 32 ? 3 : rows < 50 ? 6 : 9;
  const body = free - workers - log;
  const stacks = columns < two ? [single(columns, body)] : columns < three ? pair(columns, body) : triple(columns, body);
  return { workers, log, stacks };
}

function single(width: number, body: number): Place[] {
  const scatter = body < 10 ? 0 : Math.ceil(body / 2);
  return stack(width, [
    ['scatter', scatter],
    ['table', body - scatter],
  ]);
}

function pair(columns: number, body: number): Place[][] {
  const right = Math.min(66, Math.max(36, Math.floor(columns * 0.46)));
  const hypervolume = body < 9 ? 0 : body < 20 ? 2 : 5;
  const table = body < 22 ? body : Math.floor(body / 2);
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
  panels.filter(([, height]) => height > 0).map(([panel, height]) => place(panel, width, height));
