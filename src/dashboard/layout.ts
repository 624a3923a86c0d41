/** Where the panels go, in characters. A height of 0: the panel is left out. */
export interface Layout {
  readonly columns: number;
  readonly rows: number;
  readonly workers: number;
  readonly scatter: Rectangle;
  readonly hypervolume: Rectangle;
  readonly table: Rectangle;
  readonly detail: Rectangle;
  readonly log: number;
  /** Panels stand beside each other in this many columns. */
  readonly stacks: 1 | 2 | 3;
}

export interface Rectangle {
  readonly width: number;
  readonly height: number;
}

export const gutter = 2;

/** Lines above and below the panels: the header and the keys. */
const fixed = 3 + 1;
/** From these widths on there are two and three stacks. */
const two = 72;
const three = 170;
const none: Rectangle = { width: 0, height: 0 };

/**
 * Fills the screen exactly. From the top: header (3), workers, the body, log, keys (1). The body is scatter over hypervolume
 * on the left and the table on the right, with the detail below the table or right of it where there is room; on narrow
 * screens scatter over table. `detailOpen`: without room, the detail takes the table's place.
 */
export function layoutFor(columns: number, rows: number, workerCount: number, detailOpen: boolean): Layout {
  const free = Math.max(0, rows - fixed);
  const workers = free < 9 ? 0 : 1 + Math.min(Math.max(1, workerCount), Math.max(2, Math.floor(rows / 8)));
  const log = free < 14 ? 0 : rows < 32 ? 3 : rows < 50 ? 6 : 9;
  const body = free - workers - log;
  const common = { columns, rows, workers, log };
  if (columns < two) return { ...common, ...narrow(columns, body, detailOpen), stacks: 1 };
  if (columns < three) return { ...common, ...paired(columns, body, detailOpen), stacks: 2 };
  return { ...common, ...wide(columns, body), stacks: 3 };
}

type Body = Pick<Layout, 'scatter' | 'hypervolume' | 'table' | 'detail'>;

function narrow(width: number, body: number, detailOpen: boolean): Body {
  const scatter = body < 10 ? 0 : Math.ceil(body / 2);
  const list = { width, height: body - scatter };
  return {
    scatter: { width, height: scatter },
    hypervolume: none,
    table: detailOpen ? none : list,
    detail: detailOpen ? list : none,
  };
}

function paired(columns: number, body: number, detailOpen: boolean): Body {
  const right = Math.min(66, Math.max(34, Math.floor(columns * 0.46)));
  const left = plots(columns - right - gutter, body);
  if (body < 22) {
    const list = { width: right, height: body };
    return { ...left, table: detailOpen ? none : list, detail: detailOpen ? list : none };
  }
  const table = detailOpen ? 0 : Math.floor(body * 0.5);
  return { ...left, table: { width: right, height: table }, detail: { width: right, height: body - table } };
}

function wide(columns: number, body: number): Body {
  const right = Math.min(72, Math.floor(columns * 0.3));
  const middle = 62;
  const left = plots(columns - middle - right - 2 * gutter, body);
  return { ...left, table: { width: middle, height: body }, detail: { width: right, height: body } };
}

function plots(width: number, body: number): Pick<Body, 'scatter' | 'hypervolume'> {
  const hypervolume = body < 9 ? 0 : body < 20 ? 2 : body < 32 ? 5 : 8;
  return { scatter: { width, height: body - hypervolume }, hypervolume: { width, height: hypervolume } };
}
