/**
 * How good the search is: every controller beside Optuna's samplers and pymoo's NSGA-II, on problems with known fronts and on
 * the recorded table, trials and domains the same; and what else the search promises, each promise met or not.
 *
 *   npx tsx experiments/search-quality/search-quality.ts [--python python3] [--jobs 2] [--seeds 20] [--trials 100]
 *     [--problems a,b] [--only peers|ours]
 *
 * Runs of peers are kept in results/search-quality/peers.ndjson under their versions and the problem: only what is missing
 * there is run. Optuna's Gaussian process takes about a minute a run, so the first time takes hours; stop it whenever you
 * like, and `--only ours` compares with the runs that are there. `--python`: with optuna and pymoo installed.
 * Writes results/search-quality/search-quality.{json,md,svg,png}.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { savePicture } from '../../src/report/save.ts';
import { machine } from './machine.ts';
import { compareAll } from './ours.ts';
import { PeerCache } from './peers.ts';
import { promises } from './promises.ts';
import { pictureOf, type Report, toMarkdown } from './report.ts';
import { runPeers } from './run-peers.ts';
import { startsOf } from './starts.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    jobs: { type: 'string', default: '2' },
    seeds: { type: 'string', default: '20' },
    trials: { type: 'string', default: '100' },
    problems: { type: 'string' },
    only: { type: 'string' },
  },
});

/** Five digits are more than the noise leaves. */
const rounded = (_: string, value: unknown): unknown => (typeof value === 'number' ? Number(value.toPrecision(5)) : value);

const results = fileURLToPath(new URL('../../results/search-quality', import.meta.url));
mkdirSync(results, { recursive: true });
const cache = new PeerCache(join(results, 'peers.ndjson'));
const starts = startsOf(values.problems?.split(','));
const [seeds, trials, jobs] = [Number(values.seeds), Number(values.trials), Number(values.jobs)];

if (values.only !== 'ours') {
  const versions = await runPeers({ starts, python: values.python, jobs, seeds, trials, cache });
  if (versions) console.log(`peers: Optuna ${versions.optuna}, pymoo ${versions.pymoo}`);
  else console.log(`peers are skipped: ${values.python} lacks them (pip install optuna pymoo torch scipy)`);
}

if (values.only !== 'peers') {
  const starting = await compareAll({ starts, seeds, trials, cache, say: console.log });
  const { optuna, pymoo } = cache.versions;
  const peers = `Optuna ${optuna ?? '(not there)'} and pymoo ${pymoo ?? '(not there)'}`;
  const report: Report = {
    ...machine(),
    peers,
    seeds,
    trials,
    starts: starting,
    promises: await promises(starting, seeds, console.log),
  };
  writeFileSync(join(results, 'search-quality.json'), `${JSON.stringify(report, rounded)}\n`);
  writeFileSync(join(results, 'search-quality.md'), toMarkdown(report));
  for (const kind of ['svg', 'png']) await savePicture(pictureOf(report), join(results, `search-quality.${kind}`));
  console.log(`\n${toMarkdown(report)}`);
}
