/**
 * A canvas of braille characters: every cell has 2 × 4 dots, so a plot of 40 × 10 characters has 80 × 40 dots.
 * Dots are addressed from the top left.
 */
export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  /** One byte per cell: the dots that are lit, in the bit order of Unicode's braille block. */
  readonly cells: Uint8Array;
}

export const createCanvas = (columns: number, rows: number): Canvas => ({ columns, rows, cells: new Uint8Array(columns * rows) });

/** Unicode numbers the dots 1-2-3 down the left, 4-5-6 down the right, then 7 and 8 in the last row. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** Lights a dot; outside of the canvas nothing happens. */
export function light(canvas: Canvas, x: number, y: number): void {
  if (x < 0 || y < 0 || x >= canvas.columns * 2 || y >= canvas.rows * 4) return;
  canvas.cells[cellAt(canvas, x >> 1, y >> 2)]! |= bits[(y & 3) as 0 | 1 | 2 | 3][(x & 1) as 0 | 1];
}

export const cellAt = (canvas: { readonly columns: number }, column: number, row: number) => row * canvas.columns + column;

/** The character of a cell; an empty one is a space. */
export const brailleOf = (cell: number): string => (cell === 0 ? ' ' : String.fromCodePoint(0x2800 + cell));
