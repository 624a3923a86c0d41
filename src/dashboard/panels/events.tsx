import { formatClock, formatMetric } from '../format.ts';
import type { LogLine } from '../panel-props.ts';
import { Panel, type Row, run, type Size } from './panel.tsx';

interface EventsProps extends Size {
  readonly rows: readonly Row[];
  readonly filter: string;
  /** Lines up from the newest. */
  readonly scroll: number;
}

/** What happened, the newest at the bottom; times since the search began. */
export function EventsPanel({ rows, filter, scroll, width, height }: EventsProps) {
  const room = Math.max(0, height - 1);
  const end = Math.max(Math.min(room, rows.length), rows.length - scroll);
  const shown = rows.slice(Math.max(0, end - room), end);
  const facts = [run(`  ${rows.length}`, 'accent'), ...(filter ? [run(`  ${filter}`, 'front')] : [])];
  const nothing: Row[] = [[run(filter ? '  no line has these words' : '  nothing has happened yet', 'dim')]];
  return <Panel title="events" facts={facts} rows={shown.length > 0 ? shown : nothing} width={width} height={height} />;
}

/** The last lines of the log, for a panel of its own. */
export function LogPanel({ lines, width, height }: Size & { readonly lines: readonly LogLine[] }) {
  const room = Math.max(0, height - 1);
  return <Panel title="log" rows={room === 0 ? [] : lines.slice(-room).map(eventRow)} width={width} height={height} />;
}

/** The lines that have every word. */
export function eventRows(lines: readonly LogLine[], filter: string): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = lines.map(eventRow);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = row
      .map(({ text }) => text)
      .join('')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function eventRow(line: LogLine): Row {
  const time = run(`${formatClock(line.sinceStartMs).padStart(8)}  `, 'dim');
  if (line.kind === 'message') return [time, run(line.text, line.level === 'info' ? 'plain' : 'failure')];
  const name = run(line.trial === 0 ? 'baseline   ' : `trial ${String(line.trial).padEnd(5)}`);
  if (line.failure !== undefined) return [time, name, run(`failed · ${line.failure}`, 'failure')];
  const figures = line.metrics.map(([metric, value]) => formatMetric(metric, value).padStart(10)).join('');
  return [time, name, run(figures, 'dim'), ...(line.onFront ? [run('  ● front', 'front')] : [])];
}
