import { shippedContender } from '../../src/cli/bench/contender.ts';
import { play } from '../../src/cli/bench/play.ts';
import { benchProblems, recordedProblem } from '../../src/cli/bench/problems.ts';
import { pick } from '../../src/core/errors.ts';
import { yardstick } from '../../src/search/bench/quality.ts';
import { median, quantile } from '../../src/search/bench/statistics.ts';
import { controllers } from '../../src/search/controllers/index.ts';
import { fewerEpochs } from './fewer-epochs.ts';
import type { OwnRuns, StartResult } from './ours.ts';

/** One promise of the search, as this run found it. */
export interface Promised {
  readonly promise: string;
  readonly found: string;
  readonly met: boolean;
  /** What stands in its way. */
  readonly why?: string;
}

type Say = (line: string) => void;

const tableName = 'fashion-resnet6';
const table = () => pick('problem', benchProblems, tableName).create();
/** Trained ten times as long. */
const longer = () => recordedProblem({ name: `${tableName}-longer`, summary: 'the same candidates, trained ten times as long' });
const controllerOf = (name: string) => controllers.find((controller) => controller.name === name);
/** They fit a model at every ask. */
const surrogates = ['surrogate'];

/** What the comparison says by itself. */
export const comparedPromises = (results: readonly StartResult[]): Promised[] => [
  ...againstPeers(results),
  ...aboveRandom(results),
];

/** What takes searches of its own. */
export async function searchedPromises(seeds: number, own: OwnRuns, say: Say): Promise<Promised[]> {
  say('promises: table at 300 trials, fewer epochs, 64 workers');
  const tables = [table(), longer()];
  const fewer = [];
  for (const problem of tables) fewer.push(...(await fewerEpochs(problem, seeds, own)));
  return [...(await policyOnTable(seeds)), ...fewer, await manyWorkers()];
}

const bestOf = (result: StartResult, names: readonly string[]) =>
  result.comparisons[0]!.scores.find(({ searcher }) => names.includes(searcher));

/** Regret of a controller over that of the best peer, for every start that a peer has run. */
export function ratioOf(result: StartResult, controller: string): number | undefined {
  const { scores } = result.comparisons[0]!;
  const peer = scores.find(({ searcher }) => !result.ours.includes(searcher));
  const own = bestOf(result, [controller]);
  return peer && own ? own.regret / peer.regret : undefined;
}

/** Our controller with the least geometric mean of the ratios, among those that can search everything. */
export function general(results: readonly StartResult[]): string {
  const able = controllers.map(({ name }) => name).filter((name) => results.every(({ ours }) => ours.includes(name)));
  const logRegret = (name: string) =>
    results.reduce((sum, result) => sum + Math.log(Math.max(bestOf(result, [name])!.regret, 1e-6)), 0);
  return able.sort((a, b) => logRegret(a) - logRegret(b))[0]!;
}

const targetRatio = 0.7;

function againstPeers(results: readonly StartResult[]): Promised[] {
  const name = general(results);
  const ratios = results.flatMap((result) => {
    const ratio = ratioOf(result, name);
    return ratio === undefined ? [] : [{ start: result.name, ratio }];
  });
  if (ratios.length === 0) return [];
  const missed = ratios.filter(({ ratio }) => ratio > targetRatio);
  const list = missed.map(({ start, ratio }) => `${start} ${ratio.toFixed(2)}`).join('; ');
  const found = `${name}: ${ratios.length - missed.length} of ${ratios.length}${missed.length > 0 ? `; above it: ${list}` : ''}`;
  return [
    {
      promise: `one controller's median regret ≤ ${targetRatio} × the best peer's, on every problem`,
      found,
      met: missed.length === 0,
    },
  ];
}

function aboveRandom(results: readonly StartResult[]): Promised[] {
  const entries = results.flatMap(({ name, ours, comparisons }) =>
    comparisons[0]!.scores
      .filter(({ searcher, againstReference }) => ours.includes(searcher) && againstReference)
      .map(({ searcher, againstReference }) => ({ what: `${searcher} on ${name}`, ...againstReference! })),
  );
  const below = entries.filter(({ high }) => high < 0);
  const open = entries.filter(({ low, high }) => low < 0 && high >= 0);
  const list = (of: typeof entries) => of.map(({ what }) => what).join('; ');
  return [
    {
      promise: 'no controller surely below random: no 95 % interval of the difference wholly under 0',
      found: `${entries.length - below.length - open.length} of ${entries.length} surely above, ${open.length} not told apart (${list(open)}), ${below.length} surely below${below.length > 0 ? `: ${list(below)}` : ''}`,
      met: below.length === 0,
    },
  ];
}

/** Final hypervolume on the table without anchors, by seed. */
async function onTable(name: string, trials: number, seeds: number): Promise<number[]> {
  const problem = table();
  const { curve } = yardstick(problem, 'log');
  const finals: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const played = await play({
      problem,
      contender: shippedContender(pick('controller', controllers, name)),
      seed: `quality/${seed}`,
      trials,
      workers: 1,
      anchors: false,
    });
    finals.push(curve(played.metrics).at(-1)!);
  }
  return finals;
}

async function policyOnTable(seeds: number): Promise<Promised[]> {
  if (!controllerOf('policy')) return [];
  const [at100, random100, at300, evolution300] = await Promise.all([
    onTable('policy', 100, seeds),
    onTable('random', 100, seeds),
    onTable('policy', 300, seeds),
    onTable('evolution', 300, seeds),
  ]).then((all) => all.map(median) as [number, number, number, number]);
  const share = at300 / evolution300;
  return [
    {
      promise: 'policy beats random on the recorded table at 100 trials (median hypervolume)',
      found: `${at100.toFixed(4)} against ${random100.toFixed(4)}`,
      met: at100 > random100,
    },
    {
      promise: "policy within 5 % of evolution's hypervolume on the recorded table at 300 trials",
      found: `${at300.toFixed(4)} against ${evolution300.toFixed(4)}, ${(100 * share).toFixed(1)} %`,
      met: share >= 0.95,
    },
  ];
}

const window = 50;

/** Ask and tell together, around 1,000 and 20,000 trials of the free compression problem. */
export async function timedPromises(say: Say): Promise<Promised[]> {
  const problem = pick('problem', benchProblems, 'compression').create();
  const list: Promised[] = [];
  for (const definition of controllers.filter(({ refuse }) => refuse?.(problem.space) === undefined)) {
    const slow = surrogates.includes(definition.name);
    for (const [trials, limit] of slow
      ? ([[1000, 50]] as const)
      : ([
          [1000, 2],
          [20_000, 5],
        ] as const)) {
      say(`thinking: ${definition.name}, ${trials} trials`);
      const { thinkingMs } = await play({
        problem,
        contender: shippedContender(definition),
        seed: 'quality',
        trials,
        workers: 8,
        anchors: true,
      });
      const last = thinkingMs.slice(-2 * window);
      list.push({
        promise: `${definition.name}: ask + tell ≤ ${limit} ms at ${trials} trials`,
        found: `median ${median(last).toFixed(2)} ms, 99th percentile ${quantile(last, 0.99).toFixed(2)} ms`,
        met: median(last) <= limit,
      });
    }
  }
  return list;
}

async function manyWorkers(): Promise<Promised> {
  const problem = pick('problem', benchProblems, 'compression').create();
  const contender = shippedContender(pick('controller', controllers, 'evolution'));
  const { busy } = await play({ problem, contender, seed: 'quality', trials: 6400, workers: 64, anchors: true });
  return {
    promise: '64 simulated workers busy ≥ 95 % of the time (6,400 trials of different length, look-ahead 128)',
    found: `${(100 * busy).toFixed(1)} %`,
    met: busy >= 0.95,
  };
}
