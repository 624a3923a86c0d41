import type { NetworkAsks } from './asks.ts';
import type { Timing } from './espalier.ts';
import { describe } from './spread.ts';

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  /** No version where it did not run. */
  readonly peers: readonly { readonly name: string; readonly version: string | undefined }[];
  /** Trials of a run of Ray Tune. */
  readonly rayTrials: number;
  readonly rows: readonly Row[];
  readonly networks: readonly NetworkAsks[];
}

interface Row extends Timing {
  readonly space: string;
  readonly controller: string;
  readonly trials: number;
  /** Trials a second, peer by peer; undefined where it was not run. */
  readonly peerRates: readonly (number | undefined)[];
}

/** Trials a second that the software must carry. */
const targetOf = (trials: number) => (trials > 1000 ? 1500 : 2000);

export function toMarkdown({ date, machine, rounds, peers, rayTrials, rows, networks }: Report): string {
  const there = peers.flatMap(({ name, version }) => (version ? [`${name} ${version}`] : []));
  const heads = ['space', 'controller', 'trials', 'trials/s', 'target', 'ask p50 / p99 / max, ms', 'resume, s'];
  const columns = [...heads, ...peers.map(({ name }) => `${name}, trials/s`)];
  return `# Orchestration: ask, tell and durable store, with trials that cost nothing

${date}, ${machine}; median of ${rounds} runs, in turns with ${there.join(' and ') || 'nothing else: no peer was there'}.
\`numbers\`: ten numbers, what the peers have too (Optuna: RandomSampler and NSGAIISampler on SQLite; Ray Tune: random, two at a time,
starting it not counted). \`layers\`: keep, importance and bits for each of 20 layers. SQLite file on the project's disk, look-ahead 8.
Resume: reading the log of the finished study and restoring its controller. Optuna runs 1,000 trials only, Ray Tune ${rayTrials}: they
are too slow for more.

| ${columns.join(' | ')} |
|${' --- |'.repeat(columns.length)}
${rows.map(lineOf).join('\n')}

Asks of a search for a network: with the canonical keys of its candidates and their exact bytes and MACs, as the main job asks;
accuracies are made up. \`surrogate\` looks at about 35 candidates exactly in every ask.

| space | controller | trials | ask p50 / p99 / max, ms |
| --- | --- | --- | --- |
${networks.map(({ space, controller, trials, ask }) => `| ${space} | ${controller} | ${trials} | ${describe(ask)} |`).join('\n')}
`;
}

function lineOf(row: Row): string {
  const others = row.peerRates.map((rate) => (rate === undefined ? '' : rate.toPrecision(2)));
  const [speed, resume] = [row.trialsPerSecond.toFixed(0), row.resumeSeconds.toFixed(2)];
  const cells = [row.space, row.controller, row.trials, speed, targetOf(row.trials), describe(row.ask), resume, ...others];
  return `| ${cells.join(' | ')} |`;
}
