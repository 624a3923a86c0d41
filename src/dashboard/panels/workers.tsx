import { formatPercent } from '../format.ts';
import type { WorkerRow } from '../panel-props.ts';
import { bar, Panel, type Row, run, type Size } from './panel.tsx';

/** What every worker does now. Where there are more workers than lines, the last line counts the rest. */
export function WorkersPanel({ workers, width, height }: Size & { readonly workers: readonly WorkerRow[] }) {
  const room = height - 1;
  const shown = workers.length > room ? workers.slice(0, room - 1) : workers;
  const stages = Math.max(18, ...shown.map((worker) => stageOf(worker).length)) + 2;
  const rows = shown.map((worker) => rowOf(worker, width, stages));
  if (shown.length < workers.length) rows.push(summary(workers.slice(shown.length)));
  return <Panel title="workers" rows={rows} width={width} height={height} />;
}

/** Columns of everything else in a line: worker, trial, percentage, loss and accuracy. */
const besideBar = 3 + 9 + 6 + 25;
const barWidth = (width: number, stages: number) => Math.min(40, Math.max(6, width - besideBar - stages));

const stageOf = ({ stage = '', epoch }: WorkerRow) => (epoch === undefined ? stage : `${stage} ${epoch}`);

const nameOf = ({ worker, trial }: WorkerRow) => (worker === undefined ? 'all' : trial === 0 ? 'base' : `#${trial}`);

function rowOf(worker: WorkerRow, width: number, stages: number): Row {
  const name = run(` ${worker.worker ?? ' '} `, 'dim');
  if (worker.trial === undefined) return [name, run(' idle', 'dim')];
  const trial = run(` ${nameOf(worker)}`.padEnd(8), 'strong');
  if (worker.fraction === undefined) return [name, trial, run('starting', 'dim')];
  const done = `${Math.floor(worker.fraction * 100)} %`.padStart(6);
  return [
    name,
    trial,
    run(stageOf(worker).padEnd(stages)),
    ...bar(worker.fraction, barWidth(width, stages)),
    run(done),
    ...learning(worker),
  ];
}

function learning({ loss, accuracy }: WorkerRow): Row {
  return [
    ...(loss === undefined ? [] : [run('  loss ', 'dim'), run(loss.toFixed(3))]),
    ...(accuracy === undefined ? [] : [run('  acc ', 'dim'), run(formatPercent(accuracy, 1))]),
  ];
}

function summary(rest: readonly WorkerRow[]): Row {
  const busy = rest.filter(({ trial }) => trial !== undefined).length;
  return [run(` … and ${rest.length} more, ${busy} of them at work`, 'dim')];
}
