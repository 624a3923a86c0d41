import { Box, Text } from 'ink';
import { useContext } from 'react';
import { type StyleName, StylesContext } from '../theme.ts';

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

/** Rows of text in a fixed rectangle; what does not fit is cut. */
export function Lines({ rows, width, height }: LinesProps) {
  return (
    <Box width={width} height={height} flexDirection="column" overflow="hidden">
      {rows.slice(0, Math.max(0, height)).map((row, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Line key={i} row={row} width={width} />
      ))}
    </Box>
  );
}

function Line({ row, width }: { readonly row: Row; readonly width: number }) {
  const styles = useContext(StylesContext);
  const filled = row.length === 0 ? [run(' ')] : row;
  return (
    <Box width={width} height={1} flexShrink={0}>
      <Text wrap="truncate">
        {filled.map(({ text, style }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a run is its place in the line
          <Text key={i} {...styles[style]}>
            {text}
          </Text>
        ))}
      </Text>
    </Box>
  );
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
  const used = [title, ...facts.map(({ text }) => text)].join('').length + 5;
  return [run('── ', 'axis'), run(title, 'title'), ...facts, run(` ${'─'.repeat(Math.max(0, width - used + 1))}`, 'axis')];
}

/** A horizontal bar of `width` characters. */
export function bar(fraction: number, width: number): Row {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return [run('█'.repeat(full), 'accent'), run('░'.repeat(Math.max(0, width - full)), 'dim')];
}

const blocks = '▁▂▃▄▅▆▇█';

/** A value of 0 … 1 as a block of that height; a value that is not a number as a space. */
export const block = (level: number): string =>
  Number.isNaN(level) ? ' ' : blocks[Math.min(7, Math.max(0, Math.round(level * 7)))]!;
