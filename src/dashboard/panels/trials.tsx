import { memo } from 'react';
import { formatPoints, formatRatio, metricFormat } from '../format.ts';
import type { TrialRow } from '../panel-props.ts';
import { Panel, type Row, run, type Size } from './panel.tsx';

export interface TrialsProps extends Size {
  readonly rows: readonly TrialRow[];
  readonly which: 'front' | 'all';
  readonly selected: number | undefined;
}

/** The front, or every finished trial. It scrolls so that the selected trial is in sight. */
export const TrialsPanel = memo(function TrialsPanel({ rows, which, selected, width, height }: TrialsProps) {
  const columns = fittingColumns(rows, width - markerWidth);
  const visible = windowAround(rows, selected, Math.max(0, height - 2));
  const head = run(' '.repeat(markerWidth) + columns.map(({ title, width }) => title.padStart(width)).join(''), 'dim');
  const lines = visible.map((row) => rowOf(row, columns, row.trial === selected, width));
  const count = rows.filter(({ trial }) => trial !== 0).length;
  const facts = [run(`  ${count}`, 'accent')];
  return (
    <Panel
      title={which === 'front' ? 'front' : 'trials'}
      facts={facts}
      rows={[[head], ...(lines.length > 0 ? lines : [[run('  no trial is finished yet', 'dim')]])]}
      width={width}
      height={height}
    />
  );
});

const markerWidth = 3;

interface Column {
  readonly title: string;
  readonly width: number;
  readonly text: (row: TrialRow) => string;
}

const metricColumn = (metric: string, width: number): Column => {
  const { label, format } = metricFormat(metric);
  return { title: label, width, text: ({ metrics }) => format(metrics[metric]) };
};

/** In the order in which they give way when the panel is narrow: the last goes first. */
const allColumns: readonly Column[] = [
  { title: 'trial', width: 5, text: ({ trial }) => (trial === 0 ? 'base' : `#${trial}`) },
  metricColumn('accuracy', 9),
  metricColumn('size', 9),
  { title: 'smaller', width: 8, text: ({ trial, timesSmaller }) => (trial === 0 ? '' : formatRatio(timesSmaller)) },
  { title: 'Δ acc', width: 7, text: ({ trial, accuracyDelta }) => (trial === 0 ? '' : formatPoints(accuracyDelta)) },
  metricColumn('latencyMs', 10),
  metricColumn('macs', 8),
  metricColumn('params', 8),
];

/** Columns that fit, without those in which no trial has a value. */
function fittingColumns(rows: readonly TrialRow[], room: number): Column[] {
  const useful = allColumns.filter(({ text }, i) => i < 3 || rows.some((row) => !['', '—'].includes(text(row))));
  let left = room;
  return useful.filter(({ width }) => {
    left -= width;
    return left >= 0;
  });
}

function rowOf(row: TrialRow, columns: readonly Column[], selected: boolean, width: number): Row {
  const marker = markerOf(row);
  const number = columns[0]?.text(row).padStart(columns[0].width) ?? '';
  const rest = columns.slice(1).map((column) => column.text(row).padStart(column.width));
  const text = row.failure === undefined ? rest.join('') : `  ${row.failure.replace(/\s+/g, ' ')}`;
  if (selected) return [run(` ${marker.text} ${number}${text}`.padEnd(width), 'row')];
  return [run(' '), marker, run(' '), run(number, 'dim'), run(text, row.failure === undefined ? 'plain' : 'failure')];
}

function markerOf({ trial, onFront, state }: TrialRow) {
  if (trial === 0) return run('◆', 'baseline');
  if (state === 'failed') return run('✕', 'failure');
  return onFront ? run('●', 'front') : run('·', 'trial');
}

/** `count` rows with the selected one among them, near the middle where possible. */
function windowAround(rows: readonly TrialRow[], selected: number | undefined, count: number): readonly TrialRow[] {
  const at = Math.max(
    0,
    rows.findIndex(({ trial }) => trial === selected),
  );
  const start = Math.max(0, Math.min(at - Math.floor(count / 2), rows.length - count));
  return rows.slice(start, start + count);
}
