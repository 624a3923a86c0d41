import type { TrialRow } from '../study/picture.ts';

/** One axis of a plot: where a value lies in its extent, in [0, 1]; and the part of it that is looked at. */
export interface PlotAxis {
  readonly metric: string;
  readonly place: (value: number) => number;
  readonly window: readonly [from: number, to: number];
  /** Pixels of the whole axis while nothing is zoomed. */
  readonly pixels: number;
}

/** Points of one colour within so many pixels cannot be told apart. */
const cell = 2;

/**
 * The rows that can be told apart: of those within a cell of two pixels the first one stands for all. Around the window
 * that is looked at (as far again to every side, so that it can be dragged) the cells are as small as the zoom makes them.
 */
export function thinned(rows: readonly TrialRow[], x: PlotAxis, y: PlotAxis): TrialRow[] {
  const seen = new Set<number>();
  const [columnOf, rowOf] = [cellsOf(x), cellsOf(y)];
  return rows.filter(({ metrics }) => {
    const [u, v] = [x.place(metrics[x.metric]!), y.place(metrics[y.metric]!)];
    const near = isNear(x, u) && isNear(y, v);
    const key = (near ? 1 : -1) * (1 + columnOf(u, near) * columns + rowOf(v, near));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** More than any plot has cells across at any zoom. */
const columns = 2 ** 24;

const isNear = ({ window: [from, to] }: PlotAxis, u: number): boolean => u >= 2 * from - to && u <= 2 * to - from;

function cellsOf({ pixels, window: [from, to] }: PlotAxis): (u: number, near: boolean) => number {
  const zoom = 1 / Math.max(to - from, 1e-4);
  return (u, near) => Math.floor((u * pixels * (near ? zoom : 1)) / cell);
}
