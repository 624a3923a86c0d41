/**
 * How many trials a second the orchestration carries: ask, tell and a durable store, with trials that cost nothing.
 * Optuna on SQLite and Ray Tune run trials over the same ten numbers, in turns with ours, where Python has them
 * (`pip install optuna "ray[tune]"`).
 *
 *   npx tsx experiments/orchestration/orchestration.ts [--rounds 3] [--python python3]
 *
 * Writes results/orchestration/orchestration.json and .md.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from '../search-quality/machine.ts';
import { asksOf } from './asks.ts';
import { measure, type spaces, type Timing } from './espalier.ts';
import { type Report, toMarkdown } from './report.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, python: { type: 'string', default: 'python3' } },
});
const results = fileURLToPath(new URL('../../results/orchestration', import.meta.url));
mkdirSync(results, { recursive: true });
/** On the disk of the project: a folder in memory would make every commit free. */
const folder = mkdtempSync(join(results, 'run-'));

interface Case {
  readonly space: keyof typeof spaces;
  readonly controller: string;
  readonly trials: number;
}

const cases: readonly Case[] = [
  { space: 'numbers', controller: 'random', trials: 1000 },
  { space: 'numbers', controller: 'evolution', trials: 1000 },
  { space: 'layers', controller: 'random', trials: 1000 },
  { space: 'layers', controller: 'evolution', trials: 1000 },
  { space: 'numbers', controller: 'random', trials: 20_000 },
  { space: 'numbers', controller: 'evolution', trials: 20_000 },
  { space: 'layers', controller: 'random', trials: 20_000 },
  { space: 'layers', controller: 'evolution', trials: 20_000 },
];
/** Searches for networks whose asks are timed. */
const networkSpaces = ['resnet', 'mobilenet', 'everything'];
const networkControllers = ['random', 'evolution', 'tpe', 'surrogate'];
const networkTrials = 100;

/** Optuna's counterpart of a case: its time grows with the trials, so it runs the short ones only. */
const counterparts: Record<string, string> = { random: 'random', evolution: 'nsga2' };

/** Ray Tune, which takes about a second for two of them, runs so many. */
const rayTrials = 100;

interface PeerRun {
  readonly version: string;
  readonly seconds: number;
}

/** Undefined where Python or the peer is missing. */
function runPeer(script: string, ...args: readonly (string | number)[]): PeerRun | undefined {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(values.python, [file, ...args.map(String)], { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1)!) as PeerRun;
  if (status !== null && status !== 3) throw new Error(`${script} failed: ${stderr}`);
  return undefined;
}

/** What runs in turns with a case of ours. */
const peers = [
  {
    name: 'Optuna',
    runs: ({ space, trials }: Case) => space === 'numbers' && trials <= 1000,
    trials: ({ trials }: Case) => trials,
    run: ({ controller, trials }: Case) =>
      runPeer('./optuna_trials.py', join(folder, `optuna-${performance.now()}.db`), counterparts[controller]!, trials),
  },
  {
    name: 'Ray Tune',
    runs: ({ space, controller, trials }: Case) => space === 'numbers' && controller === 'random' && trials <= 1000,
    trials: () => rayTrials,
    run: () => runPeer('./ray_trials.py', folder, rayTrials),
  },
] as const;

const median = <T>(list: readonly T[], of: (entry: T) => number): T => [...list].sort((a, b) => of(a) - of(b))[list.length >> 1]!;

async function compare(): Promise<Report> {
  const ours = cases.map((): Timing[] => []);
  const theirs = peers.map(() => cases.map((): PeerRun[] => []));
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const [i, entry] of cases.entries()) {
      const { space, controller, trials } = entry;
      const timing = await measure(folder, space, controller, trials);
      ours[i]!.push(timing);
      console.log(`round ${round}: ${space}, ${controller}, ${trials} trials: ${timing.trialsPerSecond.toFixed(0)} trials/s`);
      for (const [k, peer] of peers.entries()) {
        const run = peer.runs(entry) ? peer.run(entry) : undefined;
        if (!run) continue;
        theirs[k]![i]!.push(run);
        console.log(`  ${peer.name} ${run.version}: ${(peer.trials(entry) / run.seconds).toFixed(1)} trials/s`);
      }
    }
  }
  const rateOf = (k: number, i: number) => {
    const runs = theirs[k]![i]!;
    return runs.length > 0 ? peers[k]!.trials(cases[i]!) / median(runs, ({ seconds }) => seconds).seconds : undefined;
  };
  return {
    ...machine(),
    rounds: Number(values.rounds),
    peers: peers.map(({ name }, k) => ({ name, version: theirs[k]!.flat()[0]?.version })),
    rayTrials,
    rows: cases.map((entry, i) => {
      const timing = median(ours[i]!, ({ seconds }) => seconds);
      return { ...entry, ...timing, peerRates: peers.map((_, k) => rateOf(k, i)) };
    }),
    networks: networkSpaces.flatMap((space) =>
      networkControllers.map((controller) => {
        const found = asksOf(space, controller, networkTrials);
        console.log(`${space}, ${controller}: an ask takes ${found.ask.p50.toFixed(1)} ms`);
        return found;
      }),
    ),
  };
}

try {
  const report = await compare();
  writeFileSync(join(results, 'orchestration.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(results, 'orchestration.md'), toMarkdown(report));
  console.log(`\n${toMarkdown(report)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
