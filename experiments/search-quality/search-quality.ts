/**
 * How good the search is: every controller beside Optuna's samplers and pymoo's NSGA-II, on problems with known fronts and on
 * the recorded table, trials and domains the same; and what else the search promises, each promise met or not.
 *
 *   npx tsx experiments/search-quality/search-quality.ts [--python python3] [--jobs 2] [--seeds 20] [--trials 100]
 *     [--problems a,b] [--peers a,b] [--only peers|ours|searched|timed]
 *
 * In four parts, `--only` for one of them; the report takes the others as they were. peers: is run for what
 * results/search-quality/peers.ndjson lacks, where runs are kept under their versions and the problem; Optuna's Gaussian process
 * takes minutes a run, so the first time takes hours; stop it whenever you like. `--python`: with optuna and pymoo installed.
 * ours: our controllers, kept likewise in ours.ndjson under the version of the source (not for git: half an hour makes it
 * again). searched: promises that take searches of their own; those under a scheduler are kept there too. timed: milliseconds
 * of ask and tell; wants a quiet machine.
 * Writes results/search-quality/search-quality.{json,md,svg,png}.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { savePicture } from '../../src/report/save.ts';
import { KeptRuns } from './kept-runs.ts';
import { machine } from './machine.ts';
import { compareAll } from './ours.ts';
import { PeerCache } from './peers.ts';
import { searchedPromises, timedPromises } from './promises.ts';
import { type Part, pictureOf, type Report, toMarkdown } from './report.ts';
import { runPeers } from './run-peers.ts';
import { sourceVersion } from './source-version.ts';
import { startsOf } from './starts.ts';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    jobs: { type: 'string', default: '2' },
    seeds: { type: 'string', default: '20' },
    trials: { type: 'string', default: '100' },
    problems: { type: 'string' },
    peers: { type: 'string' },
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

const namesOf = (peers: string | undefined) => (peers === undefined ? {} : { names: peers.split(',') });

const isAsked = (part: string) => values.only === undefined || values.only === part;
const file = join(results, 'search-quality.json');
const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Report>) : {};
const part = async <T>(name: string, earlier: Part<T> | undefined, find: () => Promise<T>): Promise<Part<T> | undefined> =>
  isAsked(name) ? { ...machine(), found: await find() } : earlier;

if (isAsked('peers')) {
  const versions = await runPeers({ starts, python: values.python, jobs, seeds, trials, ...namesOf(values.peers), cache });
  if (versions) console.log(`peers: Optuna ${versions.optuna}, pymoo ${versions.pymoo}`);
  else console.log(`peers are skipped: ${values.python} lacks them (pip install optuna pymoo torch scipy)`);
}

const kept = new KeptRuns(join(results, 'ours.ndjson'));
const own = { kept, version: sourceVersion() };
const compared = await part('ours', before.compared, () => compareAll({ starts, seeds, trials, cache, own, say: console.log }));
const searched = await part('searched', before.searched, () => searchedPromises(seeds, own, console.log));
const timed = await part('timed', before.timed, () => timedPromises(console.log));
const { optuna, pymoo } = cache.versions;
const peers = `Optuna ${optuna ?? '(not there)'} and pymoo ${pymoo ?? '(not there)'}`;
const parts = { peers, seeds, trials, compared, searched, timed };
if (values.only !== 'peers') writeFileSync(file, `${JSON.stringify(parts, rounded)}\n`);
if (compared && values.only !== 'peers') {
  const report: Report = { ...parts, compared };
  writeFileSync(join(results, 'search-quality.md'), toMarkdown(report));
  for (const kind of ['svg', 'png']) await savePicture(pictureOf(report), join(results, `search-quality.${kind}`));
  console.log(`\n${toMarkdown(report)}`);
}
