import { createContext } from 'react';

/** A line with its escape sequences, and how many columns it takes. */
export interface PaintedLine {
  readonly text: string;
  readonly columns: number;
}

/**
 * Keeps painted lines out of Ink: it takes every character of a frame apart, and its styles, which costs ten times what the
 * rest of a redraw does. `hold` gives a stand-in of one character for a line; when Ink has put the frame together, `resolve`
 * puts the lines in their places.
 */
export interface StandIns {
  hold(line: PaintedLine): string;
  resolve(frame: string): string;
}

/** The Private Use Area: nobody writes these characters. */
const [first, last] = [0xe000, 0xf8ff];
const standIn = /[\ue000-\uf8ff]/g;

export function createStandIns(): StandIns {
  let held: PaintedLine[] = [];
  return {
    hold(line) {
      held.push(line);
      return String.fromCharCode(Math.min(last, first + held.length - 1));
    },
    resolve(frame) {
      const lines = held;
      held = [];
      return frame
        .split('\n')
        .map((line) => place(line, lines))
        .join('\n');
    },
  };
}

function place(line: string, held: readonly PaintedLine[]): string {
  let text = '';
  let column = 0;
  for (const match of line.matchAll(standIn)) {
    const found = held[match[0].charCodeAt(0) - first];
    if (!found) continue;
    text += ' '.repeat(Math.max(0, match.index - column)) + found.text;
    column = Math.max(match.index, column) + found.columns;
  }
  return text;
}

/** Without stand-ins (in tests of single panels), lines go through Ink as they are. */
export const StandInsContext = createContext<Pick<StandIns, 'hold'>>({ hold: ({ text }) => text });
