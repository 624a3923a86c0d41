import type { Trial } from '../../core/trial.ts';
import { formatMetric } from '../../dashboard/format.ts';
import { readStudy } from '../../store/index.ts';
import type { StudyOptions } from '../options.ts';
import { print, printJson } from '../output.ts';
import { withStudy } from '../study-facts.ts';
import { type Column, table } from '../table.ts';

/** `nas ls`: every trial. */
export function ls(options: StudyOptions & { readonly json?: boolean }): void {
  const { record, trials } = withStudy(options, (store, record) => readStudy(store, record.name));
  if (options.json) printJson(trials.map(toJson));
  else if (trials.length === 0) print(`Study "${record.name}" has no trials yet.`);
  else print(table(trials, columns(trials)));
}

function toJson(trial: Trial) {
  const { number, state, origin, candidate } = trial;
  const base = { trial: number, state, origin, candidate, metrics: metricsOf(trial) };
  switch (trial.state) {
    case 'done':
      return { ...base, artefact: trial.artefact ?? null, seconds: trial.seconds };
    case 'failed':
      return { ...base, code: trial.code, message: trial.message, seconds: trial.seconds };
    case 'aborted':
      return { ...base, message: trial.reason };
    case 'running':
    case 'waiting':
      return base;
    default:
      return trial satisfies never;
  }
}

export const metricsOf = (trial: Trial) => (trial.state === 'done' ? trial.metrics : {});

/** Metrics that have a column of their own; the intervals and ratios are in `nas show`. */
const shownMetrics = ['accuracy', 'size', 'latencyMs', 'macs', 'params'];

function columns(trials: readonly Trial[]): Column<Trial>[] {
  const measured = shownMetrics.filter((name) => trials.some((trial) => metricsOf(trial)[name] !== undefined));
  return [
    { title: 'trial', align: 'right', cell: (trial) => String(trial.number) },
    { title: 'state', cell: (trial) => trial.state },
    { title: 'origin', cell: (trial) => trial.origin },
    ...measured.map(
      (name): Column<Trial> => ({ title: name, align: 'right', cell: (trial) => formatMetric(name, metricsOf(trial)[name]) }),
    ),
    { title: 'why', cell: why },
  ];
}

function why(trial: Trial): string {
  if (trial.state === 'failed') return `${trial.code}: ${trial.message}`;
  return trial.state === 'aborted' ? trial.reason : '';
}
