import type { SourcePosition } from '../../../core/errors.ts';

/** Columns of a line that a frame shows at most: it fits a terminal of 80, its line numbers included. */
const width = 70;

/**
 * The line at a position with its neighbours and a caret under the place, ready to print:
 *
 *     6 | data: { name: fashion-mnist }
 *   > 7 | objectives: { acuracy: maximize }
 *       |               ^^^^^^^
 */
export function codeFrame(text: string, at: SourcePosition, length: number): string {
  const lines = text.split('\n');
  const first = Math.max(1, at.line - 1);
  const last = Math.min(lines.length, at.line + 1);
  const digits = String(last).length;
  // Long lines are cut around the caret.
  const from = Math.max(0, at.column - 1 - Math.floor(width / 2));
  const rows: string[] = [];
  for (let line = first; line <= last; line++) {
    const shown = printable(part(lines[line - 1] ?? '', from)).trimEnd();
    rows.push(`${line === at.line ? '>' : ' '} ${String(line).padStart(digits)} | ${shown}`.trimEnd());
    if (line === at.line)
      rows.push(
        `  ${' '.repeat(digits)} | ${' '.repeat(at.column - 1 - from)}${carets(lines[line - 1] ?? '', at, length, from)}`,
      );
  }
  return rows.join('\n');
}

/** `width` columns of a line, with … where it goes on. */
function part(line: string, from: number): string {
  const cut = line.slice(from, from + width);
  const begun = from > 0 && cut !== '' ? `…${cut.slice(1)}` : cut;
  return line.length > from + width ? `${begun.slice(0, -1)}…` : begun;
}

function carets(line: string, at: SourcePosition, length: number, from: number): string {
  const toEnd = Math.min(line.length, from + width) - (at.column - 1);
  return '^'.repeat(Math.max(1, Math.min(length, toEnd)));
}

/** One column per character, and nothing that a terminal would obey. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, ' ');
