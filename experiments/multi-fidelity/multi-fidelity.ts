/**
 * What successive halving saves: the same searches with every trial trained to its end, and under `asha`. Real trainings on
 * Fashion-MNIST; the same space, controller and seeds. Every measured file counts, at whatever rung it was measured.
 *
 *   npx tsx experiments/multi-fidelity/multi-fidelity.ts [--seeds 3] [--trials 40] [--workers 1]
 *
 * Writes results/multi-fidelity/multi-fidelity.json and .md after every seed, and goes on after those that are there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Course, courseOf, hypervolumes } from './course.ts';
import { type SeedResult, toMarkdown } from './report.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    trials: { type: 'string', default: '40' },
    workers: { type: 'string', default: '1' },
  },
});
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const results = here('../../results/multi-fidelity');
mkdirSync(results, { recursive: true });
/** Searches go on where a run of this experiment was stopped. */
const folder = join(tmpdir(), 'espalier-multi-fidelity');
mkdirSync(folder, { recursive: true });
const trials = Number(values.trials);
/** Epochs at which trials are measured before the end: a sixteenth and a quarter of them. */
const rungs = [0.5, 2];
const eta = 4;

/** A search by the command that users type; returns what it measured, in the order in which that was decided. */
function search(seed: number, arm: string, count: number, ...more: readonly string[]): Course {
  const db = join(folder, `${arm}-${seed}.db`);
  const common = ['--space', here('./space.yaml'), '--db', db, '--seed', `${seed}`, '--workers', values.workers, '--plain'];
  const args = ['--import', 'tsx', here('../../src/cli/main.ts'), 'search', ...common, '--trials', `${count}`, ...more];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`the search ${arm}, seed ${seed}, ended with exit code ${status}`);
  return courseOf(db);
}

function run(seed: number): SeedResult {
  const full = search(seed, 'full', trials);
  // A trial under asha costs about a quarter of a full one: half as many again take more than a third of the epochs.
  const asha = search(
    seed,
    'asha',
    Math.round(1.5 * trials),
    '--scheduler',
    'asha',
    '--eta',
    `${eta}`,
    '--rungs',
    rungs.join(','),
  );
  const [ofFull, ofAsha] = hypervolumes(full, asha);
  const epochsFull = ofFull.at(-1)!.epochs;
  const goal = ofFull.at(-1)!.hypervolume;
  const at = (points: typeof ofFull, epochs: number) => points.findLast((point) => point.epochs <= epochs)?.hypervolume ?? 0;
  return {
    seed,
    full: { trials: full.trials, epochs: epochsFull, hypervolume: goal, atThird: at(ofFull, epochsFull / 3) },
    asha: {
      trials: asha.trials,
      epochs: ofAsha.at(-1)!.epochs,
      hypervolume: ofAsha.at(-1)!.hypervolume,
      atThird: at(ofAsha, epochsFull / 3),
    },
    reachedAfter: ofAsha.find((point) => point.hypervolume >= goal)?.epochs ?? null,
  };
}

const file = join(results, 'multi-fidelity.json');
type Found = { readonly trials: number; readonly seeds: SeedResult[] };
const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Found) : { trials, seeds: [] };
const seeds = before.trials === trials ? before.seeds : [];

for (let seed = seeds.length + 1; seed <= Number(values.seeds); seed++) {
  seeds.push(run(seed));
  const machine = {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0]!,
    node: process.version,
  };
  writeFileSync(file, `${JSON.stringify({ machine, trials, seeds }, null, 2)}\n`);
  writeFileSync(join(results, 'multi-fidelity.md'), toMarkdown(seeds, machine));
}
rmSync(folder, { recursive: true, force: true });
