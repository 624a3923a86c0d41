import { formatClock, formatMetric } from '../format.ts';
import type { LogLine } from '../panel-props.ts';
import { Panel, type Row, run, type Size } from './panel.tsx';

/** The last lines of the log, the newest at the bottom; times since the search began. */
export function LogPanel({ lines, width, height }: Size & { readonly lines: readonly LogLine[] }) {
  const room = Math.max(0, height - 1);
  const rows = room === 0 ? [] : lines.slice(-room).map(rowOf);
  return <Panel title="log" rows={rows} width={width} height={height} />;
}

function rowOf(line: LogLine): Row {
  const time = run(`${formatClock(line.sinceStartMs).padStart(8)}  `, 'dim');
  if (line.kind === 'message') return [time, run(line.text, line.level === 'info' ? 'plain' : 'failure')];
  const name = run(line.trial === 0 ? 'baseline   ' : `trial ${String(line.trial).padEnd(5)}`);
  if (line.failure !== undefined) return [time, name, run(`failed · ${line.failure}`, 'failure')];
  const figures = line.metrics.map(([metric, value]) => formatMetric(metric, value).padStart(9)).join('');
  return [time, name, run(figures, 'dim'), ...(line.onFront ? [run('  ● front', 'front')] : [])];
}
