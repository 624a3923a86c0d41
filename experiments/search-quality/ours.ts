import { shippedContender } from '../../src/cli/bench/contender.ts';
import { play } from '../../src/cli/bench/play.ts';
import type { ControllerDefinition } from '../../src/core/controller.ts';
import type { Metrics } from '../../src/core/objective.ts';
import { type Comparison, compare, type Runs, scalesOf } from '../../src/search/bench/compare.ts';
import { yardstick } from '../../src/search/bench/quality.ts';
import { controllers } from '../../src/search/controllers/index.ts';
import type { Space } from '../../src/search/space/space.ts';
import type { KeptRuns } from './kept-runs.ts';
import { type PeerCache, peerNames } from './peers.ts';
import { type Start, startName } from './starts.ts';

export interface StartResult {
  readonly name: string;
  /** In the most telling scale first. */
  readonly comparisons: readonly Comparison[];
  /** Names of our controllers here; the others are peers. */
  readonly ours: readonly string[];
  /** Regret of the anchors alone, in the first scale; absent where there are none. */
  readonly anchorsAlone?: number;
}

/** Runs of our own controllers, under the version of their source. */
export interface OwnRuns {
  readonly kept: KeptRuns;
  readonly version: string;
}

export interface CompareOptions {
  readonly starts: readonly Start[];
  readonly seeds: number;
  readonly trials: number;
  readonly cache: PeerCache;
  readonly own: OwnRuns;
  readonly say: (line: string) => void;
}

/** Every controller beside the peers' kept runs. One worker, every result told before the next ask: the peers' own condition. */
export async function compareAll(options: CompareOptions): Promise<StartResult[]> {
  const results: StartResult[] = [];
  for (const start of options.starts) {
    options.say(startName(start));
    results.push(await compareOne(start, options));
  }
  return results;
}

/** A controller's run: the kept one, or a new one that is kept. */
export async function ownRun(
  { problem, anchors }: Start,
  definition: ControllerDefinition<Space>,
  seed: number,
  trials: number,
  { kept, version }: OwnRuns,
): Promise<(Metrics | undefined)[]> {
  const run = { problem, anchors, searcher: definition.name, version, trials, seed };
  if (!kept.get(run)) {
    const contender = shippedContender(definition);
    const { metrics } = await play({ problem, contender, seed: `quality/${seed}`, trials, workers: 1, anchors });
    kept.add(run, metrics);
  }
  return kept.get(run)!;
}

async function compareOne({ problem, anchors }: Start, { seeds, trials, cache, own }: CompareOptions): Promise<StartResult> {
  const able = controllers.filter(({ refuse }) => refuse?.(problem.space) === undefined);
  const ours: Runs[] = [];
  for (const definition of able) {
    const runs = [];
    for (let seed = 1; seed <= seeds; seed++) runs.push(await ownRun({ problem, anchors }, definition, seed, trials, own));
    ours.push({ searcher: definition.name, seeds: runs });
  }
  const peers = peerNames.flatMap((peer): Runs[] => {
    const kept = Array.from({ length: seeds }, (_, i) => cache.get({ problem, peer, seed: i + 1, trials, anchors })).filter(
      (metrics) => metrics !== undefined,
    );
    return kept.length > 0 ? [{ searcher: peer, seeds: kept }] : [];
  });
  const [scale] = scalesOf(problem);
  const alone = yardstick(problem, scale).curve(problem.anchors.map(problem.measure)).at(-1);
  return {
    name: startName({ problem, anchors }),
    comparisons: scalesOf(problem).map((each) => compare(problem, [...ours, ...peers], each, trials, 'random')),
    ours: able.map(({ name }) => name),
    ...(anchors && alone !== undefined ? { anchorsAlone: 1 - alone } : {}),
  };
}
