import { memo } from 'react';
import type { Goal } from '../../core/objective.ts';
import { formatPoints, formatRatio, formatTook, metricFormat } from '../format.ts';
import type { TrialRow } from '../panel-props.ts';
import type { Sort, SortColumn } from '../sorting.ts';
import { Panel, type Row, run, type Size } from './panel.tsx';

export interface TrialsProps extends Size {
  readonly rows: readonly TrialRow[];
  readonly title: string;
  /** How many the title tells of: the baseline stands in a front's list even where it is not on it. */
  readonly count: number;
  /** What the search is for: these metrics come first. */
  readonly goal: Goal;
  /** What the rows were narrowed down by. */
  readonly filter?: string;
  /** The order, where a person chose it. */
  readonly sort?: Sort;
  readonly selected: number | undefined;
}

/** A list of trials. It scrolls so that the selected one is in sight. */
export const TrialsPanel = memo(function TrialsPanel(props: TrialsProps) {
  const { rows, title, count, goal, filter = '', sort, selected, width, height } = props;
  const columns = fittingColumns(rows, goal, width - markerWidth, sort !== undefined);
  const visible = visibleRows(rows, selected, height);
  const head: Row = [
    run(' '.repeat(markerWidth), 'dim'),
    ...columns.map((column) =>
      run(titleOf(column, sort), column.sort !== undefined && column.sort === sort?.column ? 'strong' : 'dim'),
    ),
  ];
  const lines = visible.map((row) => rowOf(row, columns, row.trial === selected, width));
  const facts = [run(`  ${count}`, 'accent'), ...(filter ? [run(`  ${filter}`, 'front')] : [])];
  const nothing = filter ? '  no trial has these words; esc takes them away' : '  no trial is finished yet';
  return (
    <Panel
      title={title}
      facts={facts}
      rows={[head, ...(lines.length > 0 ? lines : [[run(nothing, 'dim')]])]}
      width={width}
      height={height}
    />
  );
});

const markerWidth = 3;

interface Column {
  readonly title: string;
  readonly width: number;
  readonly sort?: SortColumn;
  readonly align?: 'left';
  readonly text: (row: TrialRow) => string;
}

const metricColumn = (metric: SortColumn, width: number): Column => {
  const { label, format } = metricFormat(metric);
  return { title: label, width, sort: metric, text: ({ metrics }) => format(metrics[metric]) };
};

/** In the order in which they give way when the panel is narrow: the last goes first. */
const shortColumns: readonly Column[] = [
  { title: 'trial', width: 6, sort: 'trial', text: ({ trial }) => (trial === 0 ? 'base' : `#${trial}`) },
  metricColumn('accuracy', 10),
  metricColumn('size', 9),
  { title: 'smaller', width: 8, text: ({ trial, timesSmaller }) => (trial === 0 ? '' : formatRatio(timesSmaller)) },
  { title: 'Δ acc', width: 7, text: ({ trial, accuracyDelta }) => (trial === 0 ? '' : formatPoints(accuracyDelta)) },
  metricColumn('latencyMs', 11),
  metricColumn('macs', 8),
  metricColumn('params', 8),
];

function columnsFor({ objectives }: Goal): readonly Column[] {
  const isAim = ({ sort }: Column) => objectives.some(({ metric }) => metric === sort);
  const [number, accuracy, ...others] = shortColumns;
  return [number!, accuracy!, ...others.filter(isAim), ...others.filter((column) => !isAim(column))];
}

const longColumns: readonly Column[] = [
  {
    title: 'took',
    width: 14,
    sort: 'seconds',
    text: ({ seconds }) => (seconds === undefined ? '' : formatTook(seconds * 1000)),
  },
  { title: '  state', width: 10, sort: 'state', align: 'left', text: ({ state }) => `  ${state}` },
  { title: '  origin', width: 14, align: 'left', text: ({ origin }) => `  ${origin}` },
];

/** Columns that fit, without those in which no trial has a value. */
function fittingColumns(rows: readonly TrialRow[], goal: Goal, room: number, long: boolean): Column[] {
  const known = rows.slice(0, 2000); // enough to know which metrics there are
  const useful = columnsFor(goal).filter(({ text }, i) => i < 3 || known.some((row) => !['', '—'].includes(text(row))));
  let left = room;
  return [...useful, ...(long ? longColumns : [])].filter(({ width }) => {
    left -= width;
    return left >= 0;
  });
}

const aligned = ({ width, align }: Column, text: string) =>
  align === 'left' ? text.slice(0, width).padEnd(width) : text.padStart(width);

const titleOf = (column: Column, sort: Sort | undefined) =>
  aligned(
    column,
    column.sort !== undefined && column.sort === sort?.column ? `${column.title}${sort.descending ? '▼' : '▲'}` : column.title,
  );

function rowOf(row: TrialRow, columns: readonly Column[], selected: boolean, width: number): Row {
  const marker = markerOf(row);
  const [first, ...others] = columns;
  const number = first ? aligned(first, first.text(row)) : '';
  const text =
    row.failure === undefined
      ? others.map((column) => aligned(column, column.text(row))).join('')
      : `  ${row.failure.replace(/\s+/g, ' ')}`;
  const star = row.favourite ? '★' : ' ';
  if (selected) return [run(`${star}${marker.text} ${number}${text}`.padEnd(width), 'row')];
  return [run(star, 'front'), marker, run(' '), run(number, 'dim'), run(text, row.failure === undefined ? 'plain' : 'failure')];
}

function markerOf({ trial, onFront, state }: TrialRow) {
  if (trial === 0) return run('◆', 'baseline');
  if (state === 'failed' || state === 'stopped') return run('✕', 'failure');
  if (state === 'running') return run('▸', 'accent');
  return onFront ? run('●', 'front') : run('·', 'trial');
}

/** The rows in a panel of that height: the selected one among them, near the middle where possible. */
export function visibleRows(rows: readonly TrialRow[], selected: number | undefined, height: number): readonly TrialRow[] {
  const count = Math.max(0, height - 2);
  const at = Math.max(
    0,
    rows.findIndex(({ trial }) => trial === selected),
  );
  const start = Math.max(0, Math.min(at - Math.floor(count / 2), rows.length - count));
  return rows.slice(start, start + count);
}

/** The column whose title is there, for one who points at it. */
export function columnAt(rows: readonly TrialRow[], goal: Goal, width: number, x: number): SortColumn | undefined {
  let left = markerWidth;
  for (const column of fittingColumns(rows, goal, width - markerWidth, true)) {
    left += column.width;
    if (x < left) return column.sort;
  }
  return undefined;
}
