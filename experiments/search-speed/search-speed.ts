/**
 * The same search in turns: Espalier, Optuna with PyTorch, Ray Tune with PyTorch, and PyTorch alone in as many processes.
 *
 *   npm run build && npm run bench:peers -- [--python python3] [--trials 40] [--rounds 3] [--workers 2]
 *
 * `--python`: with torch, optuna and "ray[tune]" installed; what is missing is left out. Takes some seven minutes a round.
 * Writes results/search-speed/search-speed.{json,md}.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { versions } from '../../src/cli/versions.ts';
import { median } from '../../src/search/bench/statistics.ts';
import { machine } from '../search-quality/machine.ts';
import { type Ran, runEspalier, runPeer } from './contenders.ts';
import { type Contender, toMarkdown } from './report.ts';
import { dataOf, measured, workOf } from './work.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    trials: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
  },
});
const [trials, rounds, workers] = [Number(values.trials), Number(values.rounds), Number(values.workers)];
const results = fileURLToPath(new URL('../../results/search-speed', import.meta.url));
const space = fileURLToPath(new URL('space.yaml', import.meta.url));
const peers = { 'PyTorch alone': 'loop.py', 'Optuna, PyTorch': 'optuna_search.py', 'Ray Tune, PyTorch': 'ray_search.py' };

const folder = mkdtempSync(join(tmpdir(), 'search-speed-'));
const data = dataOf(space);
const facts = machine();
const found = new Map<string, { version: string; runs: Ran[]; accuracy: number }>();

function note(name: string, version: string, run: Ran, accuracies: readonly number[]): void {
  const entry = found.get(name) ?? { version, runs: [], accuracy: median(accuracies) };
  entry.runs.push(run);
  found.set(name, entry);
  console.log(`${name}: ${run.seconds.toFixed(1)} s, ${run.peakMb.toFixed(0)} MB, accuracy ${median(accuracies).toFixed(3)}`);
}

for (let round = 1; round <= rounds; round++) {
  const own = join(folder, `espalier-${round}`);
  mkdirSync(own);
  const run = await runEspalier(own, data, trials, workers);
  const done = measured(join(own, 'nas.db'));
  if (done.length < trials) throw new Error(`only ${done.length} of ${trials} trials were measured`);
  note(
    'Espalier',
    versions().espalier,
    run,
    done.map(({ metrics }) => metrics['accuracy']!),
  );
  const work = join(folder, 'work.json');
  writeFileSync(work, JSON.stringify(workOf(own, space)));
  for (const [name, script] of Object.entries(peers)) {
    const place = join(folder, `${script}-${round}`);
    mkdirSync(place);
    const peer = await runPeer(script, { python: values.python, work, folder: place, workers });
    if (peer) note(name, peer.version, peer, peer.accuracies);
    else console.log(`${name} is left out: ${values.python} lacks what it takes`);
  }
}
rmSync(folder, { recursive: true });

const contenders = [...found].map(([name, { runs, ...rest }]): Contender => {
  const times = runs.map(({ seconds, peakMb }) => ({ seconds, peakMb }));
  return { name, ...rest, runs: times };
});
const report = { ...facts, trials, workers, rounds, contenders };
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'search-speed.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(results, 'search-speed.md'), toMarkdown(report));
console.log(toMarkdown(report));
