import stringWidth from 'string-width';
import { wrapWords } from '../core/wrap.ts';
import { outputWidth } from './wrap.ts';

/** Columns of text, padded to the widest cell; numbers to the right. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string;
  /** Text that may take several lines where the terminal is narrow; no-break spaces hold words together. */
  readonly wraps?: boolean;
  /** Left out where the terminal is too narrow: the first of them first. */
  readonly spare?: boolean;
}

/** Text that wraps is given so many columns, by leaving out what is spare. */
const leastText = 20;
const gap = '  ';

interface Filled {
  readonly column: Pick<Column<never>, 'align' | 'wraps' | 'spare'>;
  readonly cells: readonly string[];
  readonly width: number;
}

/** At most `room` columns wide, as far as that is possible: those of the terminal, or endless. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], room = outputWidth()): string {
  const filled = columns.map((column) => fill(column, [column.title, ...rows.map((row) => column.cell(row))]));
  const shown = narrowed(withoutSpare(withTallTitles(filled, room), room), room);
  return Array.from({ length: rows.length + 1 }, (_, row) => linesOf(shown, row))
    .flat()
    .join('\n');
}

function fill(column: Filled['column'], cells: readonly string[]): Filled {
  return { column, cells, width: Math.max(...cells.flatMap((cell) => cell.split('\n').map((line) => stringWidth(line)))) };
}

/** Where the room is too narrow, the class in `recall(Ankle boot)` stands below the metric. */
function withTallTitles(columns: readonly Filled[], room: number): readonly Filled[] {
  if (sum(columns) <= room) return columns;
  return columns.map(({ column, cells: [title, ...cells] }) => fill(column, [title!.replace(/(?<=.)\(/, '\n('), ...cells]));
}

const sum = (columns: readonly Filled[]): number =>
  columns.reduce((total, { width }) => total + width, 0) + gap.length * (columns.length - 1);

function withoutSpare(columns: readonly Filled[], room: number): readonly Filled[] {
  const least = columns.map((each) => (each.column.wraps ? { ...each, width: Math.min(each.width, leastText) } : each));
  const spare = columns.findIndex(({ column }) => column.spare);
  return spare < 0 || sum(least) <= room ? columns : withoutSpare(columns.toSpliced(spare, 1), room);
}

/** What the others leave, shared by the columns that wrap. */
function narrowed(columns: readonly Filled[], room: number): readonly Filled[] {
  const texts = columns.filter(({ column }) => column.wraps);
  const rest = room - sum(columns) + texts.reduce((total, { width }) => total + width, 0);
  const share = Math.max(leastText, Math.floor(rest / texts.length));
  return columns.map((each) => (each.column.wraps ? { ...each, width: Math.min(each.width, share) } : each));
}

function linesOf(columns: readonly Filled[], row: number): string[] {
  const cells = columns.map(({ column, cells, width }) =>
    column.wraps ? wrapWords(cells[row]!, width) : cells[row]!.split('\n'),
  );
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map(({ column, width }, i) => {
      const text = cells[i]![line] ?? '';
      const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
      return column.align === 'right' ? space + text : text + space;
    });
    return parts.join(gap).trimEnd();
  });
}
