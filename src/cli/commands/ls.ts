import type { Goal, Metrics } from '../../core/objective.ts';
import { measuredTrial, shownState, type Trial } from '../../core/trial.ts';
import { formatMetric } from '../../dashboard/format.ts';
import { readStudy } from '../../store/index.ts';
import type { LookOptions } from '../options.ts';
import { note, print, printCsv, printJson } from '../output.ts';
import { factsOf, withStudy } from '../study-facts.ts';
import { type Column, table } from '../table.ts';
import { spareMetrics, tableMetrics, trialRows } from '../trial-rows.ts';

/** `nas ls`: every trial. */
export function ls(options: LookOptions): void {
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const { record, trials } = view;
  if (options.json) printJson(trials.map(toJson));
  else if (trials.length === 0) note(`Study "${record.name}" has no trials yet.`);
  else if (options.csv) printCsv(trialRows(view));
  else print(table(trials, columns(trials, factsOf(record).goal)));
}

function toJson(trial: Trial) {
  const { number, origin, candidate } = trial;
  const rung = measuredTrial(trial)?.rung;
  const trained = rung ? { trained: { epochs: rung.epochs, fidelity: rung.fidelity } } : {};
  const base = { trial: number, state: shownState(trial), origin, candidate, metrics: metricsOf(trial), ...trained };
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

/** As measured last: a trial that goes on shows its rung before. */
export const metricsOf = (trial: Trial): Metrics => measuredTrial(trial)?.metrics ?? {};

/** The intervals and ratios are in `nas show`. */
function columns(trials: readonly Trial[], goal: Goal): Column<Trial>[] {
  const measured = tableMetrics(goal).filter((name) => trials.some((trial) => metricsOf(trial)[name] !== undefined));
  const spare = spareMetrics(goal);
  return [
    { title: 'trial', align: 'right', cell: (trial) => String(trial.number) },
    { title: 'state', cell: shownState },
    { title: 'origin', cell: (trial) => trial.origin },
    ...(trials.some(rungOf) ? [{ title: 'epochs', align: 'right', cell: epochs } satisfies Column<Trial>] : []),
    ...measured.map(
      (name): Column<Trial> => ({
        title: name,
        align: 'right',
        cell: (trial) => formatMetric(name, metricsOf(trial)[name]),
        spare: spare.has(name),
      }),
    ),
    ...(trials.some(why) ? [{ title: 'why', cell: why, wraps: true } satisfies Column<Trial>] : []),
  ];
}

const rungOf = (trial: Trial) => measuredTrial(trial)?.rung;

/** Trained so far; blank for a trial that trains nothing. */
const epochs = (trial: Trial): string => String(Number(rungOf(trial)?.epochs.toPrecision(3) ?? Number.NaN) || '');

function why(trial: Trial): string {
  if (trial.state === 'done') return trial.stopped ?? '';
  if (trial.state === 'failed') return `${trial.code}: ${trial.message}`;
  return trial.state === 'aborted' ? trial.reason : '';
}
