import type { Json } from '../core/json.ts';
import type { Goal } from '../core/objective.ts';
import type { MeasuredTrial } from '../core/trial.ts';
import { formatMetric } from '../dashboard/format.ts';
import type { Row } from '../export/tables/table.ts';
import type { Spread } from '../search/study/noise.ts';
import type { Replication } from './replication.ts';
import type { Column } from './table.ts';

/** What replications add to the front: mean ± deviation of every objective that varies, on test data too, and what to make of it. */
export function noiseColumns(
  members: readonly MeasuredTrial[],
  goal: Goal,
  replications: ReadonlyMap<number, Replication>,
): Column<MeasuredTrial>[] {
  if (replications.size === 0) return [];
  const of = ({ number }: MeasuredTrial) => replications.get(number);
  const spread = (title: string, metric: string, from: 'spreads' | 'test'): Column<MeasuredTrial> => ({
    title,
    align: 'right',
    cell: (member) => spreadText(metric, of(member)?.[from][metric]),
  });
  const varies = (metric: string) => members.some((member) => (of(member)?.spreads[metric]?.deviation ?? 0) > 0);
  const names = goal.objectives.map(({ metric }) => metric).filter(varies);
  const tested = Object.keys([...replications.values()][0]!.test);
  return [
    ...names.map((metric) => spread(`${metric} again`, metric, 'spreads')),
    ...tested.map((metric) => spread(`${metric} on test`, metric, 'test')),
    { title: 'remark', cell: (member) => remark(of(member)), wraps: true },
  ];
}

/** `90.21 ± 0.15 %`: the unit once. */
function spreadText(metric: string, spread: Spread | undefined): string {
  if (!spread) return '—';
  const [mean, deviation] = [spread.mean, spread.deviation].map((value) => formatMetric(metric, value));
  return `${mean} ± ${deviation}`;
}

function remark(replication: Replication | undefined): string {
  if (!replication) return 'not replicated';
  const { lucky, dominatedBy } = replication;
  const parts = lucky.length > 0 ? [`lucky ${lucky.join(', ')}`] : [];
  if (dominatedBy !== undefined) parts.push(`trial ${dominatedBy} is better`);
  return parts.join('; ');
}

/** For `--json`; nothing for a member that was not replicated. */
export function replicationJson(replication: Replication | undefined): { readonly replication?: Json } {
  if (!replication) return {};
  const { spreads, test, lucky, dominatedBy } = replication;
  const plain = (all: Readonly<Record<string, Spread>>) =>
    Object.fromEntries(Object.entries(all).map(([name, spread]) => [name, { ...spread }]));
  return { replication: { validation: plain(spreads), test: plain(test), lucky, dominatedBy: dominatedBy ?? null } };
}

/** For `--csv`: `again.accuracy.mean`, `again.accuracy.deviation`, and the same of the test data. */
export function replicationCells(replication: Replication | undefined): Row {
  if (!replication) return {};
  const { spreads, test, lucky, dominatedBy } = replication;
  const cells = (prefix: string, all: Readonly<Record<string, Spread>>) =>
    Object.entries(all).flatMap(([metric, { mean, deviation }]) => [
      [`${prefix}.${metric}.mean`, mean] as const,
      [`${prefix}.${metric}.deviation`, deviation] as const,
    ]);
  const numbers = Object.fromEntries([...cells('again', spreads), ...cells('test', test)]);
  return { ...numbers, lucky: lucky.join(' '), dominatedBy: dominatedBy ?? null };
}
