import { Box, Transform } from 'ink';
import { useContext } from 'react';
import { type PaintedLine, StandInsContext } from '../stand-ins.ts';
import { cutText, oneLine, textWidth } from '../text-width.ts';
import { type StyleName, type Styles, StylesContext } from '../theme.ts';

/** A piece of a line in one style. */
export interface Run {
  readonly text: string;
  readonly style: StyleName;
}

export type Row = readonly Run[];

export const run = (text: string, style: StyleName = 'plain'): Run => ({ text, style });

/** Where a panel is to fit, in characters. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface LinesProps extends Size {
  readonly rows: readonly Row[];
}

/**
 * Rows of text in a fixed rectangle; what does not fit is cut. Ink lays out a blank of that size, and the rows are put in
 * while it draws: its `Text` measures every text anew and keeps all it ever measured, too slow and too much for a screen
 * that changes for hours.
 */
export function Lines({ rows, width, height }: LinesProps) {
  const styles = useContext(StylesContext);
  const standIns = useContext(StandInsContext);
  if (height < 1 || width < 1) return null;
  const lines = rows.slice(0, height).map((row) => paintRow(row, width, styles));
  return (
    <Box width={width} height={height} flexShrink={0}>
      <Transform transform={(_, index) => (lines[index] ? standIns.hold(lines[index]) : '')}>{blank(height)}</Transform>
    </Box>
  );
}

const blank = (height: number) => Array.from({ length: height }, () => ' ').join('\n');

/** A row as text with escape sequences, in at most `width` columns; a cut one ends in `…`. */
export function paintRow(row: Row, width: number, styles: Styles): PaintedLine {
  const texts = row.map(({ text }) => oneLine(text));
  const total = texts.reduce((sum, text) => sum + textWidth(text), 0);
  let left = total > width ? width - 1 : width;
  let line = '';
  let columns = 0;
  for (const [i, text] of texts.entries()) {
    const { open, close } = styles[row[i]!.style];
    const cut = cutText(text, left);
    left -= textWidth(cut);
    columns += textWidth(cut);
    if (cut !== '') line += open + cut + close;
    if (cut !== text) return { text: `${line}…`, columns: columns + 1 };
  }
  return { text: line, columns };
}

interface PanelProps extends LinesProps {
  readonly title: string;
  /** Runs after the title, for the figures that belong to it. */
  readonly facts?: Row;
}

/** A titled rule and rows below it; `height` includes the rule. */
export function Panel({ title, facts = [], rows, width, height }: PanelProps) {
  return <Lines rows={[rule(title, facts, width), ...rows]} width={width} height={height} />;
}

function rule(title: string, facts: Row, width: number): Row {
  const used = [title, ...facts.map(({ text }) => text)].reduce((sum, text) => sum + textWidth(text), 5);
  return [run('── ', 'axis'), run(title, 'title'), ...facts, run(` ${'─'.repeat(Math.max(0, width - used + 1))}`, 'axis')];
}

/** A horizontal bar of `width` characters, heavy as far as it is done. */
export function bar(fraction: number, width: number): Row {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return [run('━'.repeat(full), 'accent'), run('─'.repeat(Math.max(0, width - full)), 'dim')];
}

const blocks = '▁▂▃▄▅▆▇█';

/** A value of 0 … 1 as a block of that height; a value that is not a number as a space. */
export const block = (level: number): string =>
  Number.isNaN(level) ? ' ' : blocks[Math.min(7, Math.max(0, Math.round(level * 7)))]!;
