import { panelOf } from '../../src/cli/bench/picture.ts';
import { linePanels } from '../../src/report/lines.ts';
import type { Score } from '../../src/search/bench/compare.ts';
import type { StartResult } from './ours.ts';
import { comparedPromises, general, type Promised, ratioOf } from './promises.ts';

/** What was measured, where and when. */
export interface Part<T> {
  readonly date: string;
  readonly machine: string;
  readonly found: T;
}

export interface Report {
  readonly peers: string;
  readonly seeds: number;
  readonly trials: number;
  readonly compared: Part<readonly StartResult[]>;
  readonly searched?: Part<readonly Promised[]> | undefined;
  readonly timed?: Part<readonly Promised[]> | undefined;
}

export function toMarkdown({ peers, seeds, trials, compared, searched, timed }: Report): string {
  const { date, machine, found: starts } = compared;
  const name = general(starts);
  const promises = [...comparedPromises(starts), ...(searched?.found ?? []), ...(timed?.found ?? [])];
  const whys = [...new Set(promises.flatMap(({ why }) => why ?? []))].map((why) => `\n\n${why}`).join('');
  const when = timed ? `\n\nMilliseconds: ${timed.date}, ${timed.machine}.` : '';
  return `# Search quality: controllers beside Optuna's samplers and pymoo's NSGA-II

${date}, ${machine}; ${trials} trials, ${seeds} seeds; ${peers}, each with its defaults, on the same domains
(ordered choices as whole numbers), every result told before the next ask. Regret: the part of the true front's hypervolume
that is missing after the last trial, median over the seeds; sizes by their logarithm. Ratio: the regret of ${name}, the
controller that does best over all, to that of the best peer.

![Missing hypervolume after each trial](search-quality.png)

| problem | best controller | ${name} | best peer | ratio | random | anchors alone |
|${' --- |'.repeat(7)}
${starts.map((start) => lineOf(start, name)).join('\n')}

## Promises

| promise | found | |
| --- | --- | --- |
${promises.map(({ promise, found, met }) => `| ${promise} | ${found} | ${met ? 'met' : '**not met**'} |`).join('\n')}${whys}${when}

## All

${starts.map(tableOf).join('\n\n')}
`;
}

function lineOf(start: StartResult, name: string): string {
  const { scores } = start.comparisons[0]!;
  const of = (searcher: string) => scores.find((score) => score.searcher === searcher);
  const own = scores.find(({ searcher }) => start.ours.includes(searcher));
  const peer = scores.find(({ searcher }) => !start.ours.includes(searcher));
  const ratio = ratioOf(start, name);
  const cells = [
    start.name,
    named(own),
    plain(of(name)),
    named(peer),
    ratio?.toFixed(2) ?? '',
    plain(of('random')),
    start.anchorsAlone?.toFixed(4) ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
}

const plain = (score: Score | undefined): string => score?.regret.toFixed(4) ?? '';
const named = (score: Score | undefined): string => (score ? `${score.searcher} ${plain(score)}` : '');

/** Seeds from which on an interval says something. */
const fewest = 5;

function tableOf({ name, comparisons }: StartResult): string {
  const [first] = comparisons;
  const rows = first!.scores.map(({ searcher, regret, area, againstReference: interval, finals }) => {
    const against = interval && finals.length >= fewest ? `${interval.low.toFixed(4)} … ${interval.high.toFixed(4)}` : '';
    const linear = comparisons[1]?.scores.find((score) => score.searcher === searcher)?.regret.toFixed(4) ?? '';
    return `| ${searcher} | ${finals.length} | ${regret.toFixed(4)} | ${linear} | ${area.toFixed(3)} | ${against} |`;
  });
  const head = '| searcher | seeds | regret | regret, linear size | area | against random, 95 % |';
  return `### ${name}\n\n${head}\n|${' --- |'.repeat(6)}\n${rows.join('\n')}`;
}

/** Drawn at this regret where it is smaller. */
const floor = 1e-3;

export const pictureOf = ({ compared, trials, seeds }: Report): string =>
  linePanels(
    compared.found.map(({ name, comparisons }) => panelOf(name, comparisons[0]!)),
    {
      title: `Hypervolume missing to the true front after each trial; ${trials} trials, median and quartiles of ${seeds} seeds`,
      x: 'trial',
      y: 'missing hypervolume',
      logFloor: floor,
    },
  );
