import type { Comparison, Score } from '../../search/bench/compare.ts';
import type { AxisScale } from '../../search/bench/quality.ts';
import { mean } from '../../search/bench/statistics.ts';
import { type Column, table } from '../table.ts';
import { wrapped } from '../wrap.ts';
import { type BenchReport, type Effort, type ProblemReport, reference, type StartReport } from './run.ts';

/** The report as a person reads it on a terminal: a table for every problem and start, then the mean ranks. */
export function benchText(report: BenchReport): string {
  const { trials, seeds, workers, problems } = report;
  const heading = `${trials} trials, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, ${workers} simulated ${workers === 1 ? 'worker' : 'workers'}`;
  const parts = problems.flatMap((problem) => [headOf(problem), ...problem.starts.flatMap((start) => startText(problem, start))]);
  return [heading, ...parts, wrapped(legend), ...overall(report)].join('\n\n');
}

const legend = `regret: hypervolume missing to the true front, median over the seeds. area: mean of the curve over the trials.
against ${reference}: 95 % interval of the mean difference in hypervolume. rank: mean place, seed by seed. ms: thinking per trial.`;

function headOf({ name, summary, refused }: ProblemReport): string {
  const notes = refused.map(({ controller, reason }) => wrapped(`${controller} is left out: it ${reason}`, '  ', '  '));
  return [wrapped(`${name}: ${summary}`), ...notes].join('\n');
}

function startText(problem: ProblemReport, start: StartReport): string[] {
  return start.comparisons.map((comparison) => {
    const { scale } = comparison;
    const head = `  ${startName(problem, start)}${scaleName(start, scale)}${aside(problem, start, scale)}`;
    const rows = comparison.scores.map((score) => ({
      score,
      effort: start.effort.find(({ searcher }) => searcher === score.searcher)!,
    }));
    return `${head}\n${indent(table(rows, columns))}`;
  });
}

const startName = (problem: ProblemReport, { anchors }: StartReport): string => {
  if (problem.starts.length === 1) return 'from nothing';
  return anchors ? 'from the anchors' : 'without anchors';
};

const scaleName = ({ comparisons }: StartReport, scale: AxisScale): string =>
  comparisons.length === 1 ? '' : `, ${scale === 'log' ? 'logarithm of the size' : 'size as it is'}`;

/** What a controller has to beat: the anchors alone, or what even draws reach on average. */
function aside({ uniform }: ProblemReport, { anchorsAlone, anchors }: StartReport, scale: AxisScale): string {
  const regret = (volume: number) => (1 - volume).toFixed(4);
  if (anchorsAlone?.[scale] !== undefined) return `; the anchors alone: regret ${regret(anchorsAlone[scale])}`;
  return !anchors && uniform?.[scale] !== undefined ? `; even draws, counted exactly: mean regret ${regret(uniform[scale])}` : '';
}

const indent = (text: string): string => text.replaceAll(/^/gm, '  ');

interface Row {
  readonly score: Score;
  readonly effort: Effort;
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

const columns: readonly Column<Row>[] = [
  { title: 'controller', cell: ({ score }) => score.searcher },
  { title: 'regret', align: 'right', cell: ({ score }) => score.regret.toFixed(4) },
  { title: 'mean regret', align: 'right', cell: ({ score }) => (1 - mean(score.finals)).toFixed(4) },
  { title: 'area', align: 'right', cell: ({ score }) => score.area.toFixed(3) },
  {
    title: `against ${reference}`,
    align: 'right',
    cell: ({ score: { againstReference: interval } }) => (interval ? `${signed(interval.low)} … ${signed(interval.high)}` : ''),
  },
  { title: 'rank', align: 'right', cell: ({ score }) => score.rank.toFixed(2) },
  { title: 'ms', align: 'right', cell: ({ effort }) => effort.thinkingMs.mean.toFixed(2) },
  { title: 'busy', align: 'right', cell: ({ effort }) => `${(100 * effort.busy).toFixed(0)} %` },
];

/** Mean rank over all problems, each in its most telling scale, of the controllers that can search all of them. */
export function meanRanks({ problems }: BenchReport): { readonly searcher: string; readonly rank: number }[] {
  const comparisons = problems.flatMap(({ starts }) => starts.map((start): Comparison => start.comparisons[0]!));
  const rankIn = ({ scores }: Comparison, searcher: string) => scores.find((score) => score.searcher === searcher)?.rank;
  const searchers = [...new Set(comparisons.flatMap(({ scores }) => scores.map(({ searcher }) => searcher)))];
  return searchers
    .map((searcher) => ({ searcher, all: comparisons.map((comparison) => rankIn(comparison, searcher)) }))
    .flatMap(({ searcher, all }) => (all.includes(undefined) ? [] : [{ searcher, rank: mean(all as number[]) }]))
    .sort((a, b) => a.rank - b.rank);
}

function overall(report: BenchReport): string[] {
  if (report.problems.length < 2) return [];
  const rows = meanRanks(report);
  const columns: Column<(typeof rows)[number]>[] = [
    { title: 'controller', cell: ({ searcher }) => searcher },
    { title: 'mean rank', align: 'right', cell: ({ rank }) => rank.toFixed(2) },
  ];
  return [`All problems\n${indent(table(rows, columns))}`];
}
