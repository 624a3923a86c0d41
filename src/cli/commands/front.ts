import type { Goal, Metrics } from '../../core/objective.ts';
import { formatMetric, formatPoints, formatRatio } from '../../dashboard/format.ts';
import { frontOf } from '../../search/study/progress.ts';
import { readStudy, type StudyView } from '../../store/index.ts';
import { emptyFront } from '../empty-front.ts';
import { noiseColumns, replicationCells, replicationJson } from '../noise-columns.ts';
import type { LookOptions } from '../options.ts';
import { note, print, printCsv, printJson } from '../output.ts';
import { replicationsOf } from '../replication.ts';
import { factsOf, withStudy } from '../study-facts.ts';
import { type Column, table } from '../table.ts';
import { spareMetrics, tableMetrics, trialRow } from '../trial-rows.ts';
import { metricsOf } from './ls.ts';

type FrontTrial = ReturnType<typeof frontOf>[number];

/** `nas front`: the Pareto front of the feasible trials. */
export function front(options: LookOptions): void {
  const view = withStudy(options, (store, record) => readStudy(store, record.name));
  const { record, trials } = view;
  const { goal } = factsOf(record);
  const members = frontOf(trials, goal);
  const replications = replicationsOf(view, members, goal);
  const baseline = trials[0]?.state === 'done' ? trials[0].metrics : undefined;
  if (options.json) {
    const rows = members.map(({ number, metrics }) => ({
      trial: number,
      metrics,
      favourite: view.favourites.has(number),
      ...replicationJson(replications.get(number)),
    }));
    printJson({ study: record.name, baseline: baseline ? { trial: 0, metrics: baseline } : null, front: rows });
  } else if (members.length === 0) note(emptyFront(view));
  else if (options.csv)
    printCsv(
      members.map((member) => ({ ...trialRow(member, goal, true), ...replicationCells(replications.get(member.number)) })),
    );
  else print(table(members, [...columns(members, goal, baseline), ...marks(view), ...noiseColumns(members, goal, replications)]));
}

/** A column for the trials that a person marked, where there are any. */
const marks = ({ favourites }: StudyView): Column<FrontTrial>[] =>
  favourites.size === 0 ? [] : [{ title: 'favourite', cell: ({ number }) => (favourites.has(number) ? '★' : '') }];

function columns(members: readonly FrontTrial[], goal: Goal, baseline: Metrics | undefined): Column<FrontTrial>[] {
  const measured = tableMetrics(goal).filter((name) => members.some((trial) => metricsOf(trial)[name] !== undefined));
  const spare = spareMetrics(goal);
  const metric = (name: string): Column<FrontTrial> => ({
    title: name,
    align: 'right',
    cell: (trial) => formatMetric(name, trial.metrics[name]),
    spare: spare.has(name),
  });
  const against: Column<FrontTrial>[] = baseline ? comparisons(baseline) : [];
  return [{ title: 'trial', align: 'right', cell: (trial) => String(trial.number) }, ...measured.map(metric), ...against];
}

const comparisons = (baseline: Metrics): Column<FrontTrial>[] => [
  {
    title: 'points',
    align: 'right',
    cell: ({ metrics }) => formatPoints(difference(metrics['accuracy'], baseline['accuracy'])),
  },
  { title: 'smaller', align: 'right', cell: ({ metrics }) => formatRatio(ratio(baseline['size'], metrics['size'])) },
];

const difference = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a - b);

const ratio = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a / b);
