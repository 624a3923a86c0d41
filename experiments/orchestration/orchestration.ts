/**
 * How many trials a second the orchestration carries: ask, tell and a durable store, with trials that cost nothing.
 * Optuna on SQLite runs the same number of trials over the same ten numbers, in turns with ours, where Python has it
 * (`pip install optuna`).
 *
 *   npx tsx experiments/orchestration/orchestration.ts [--rounds 3] [--python python3]
 *
 * Writes results/orchestration/orchestration.json and .md.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure, type spaces, type Timing } from './espalier.ts';
import { type Report, toMarkdown } from './report.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, python: { type: 'string', default: 'python3' } },
});
const results = fileURLToPath(new URL('../../results/orchestration', import.meta.url));
mkdirSync(results, { recursive: true });
/** On the disk of the project: a folder in memory would make every commit free. */
const folder = mkdtempSync(join(results, 'run-'));

const cases: { readonly space: keyof typeof spaces; readonly controller: string; readonly trials: number }[] = [
  { space: 'numbers', controller: 'random', trials: 1000 },
  { space: 'numbers', controller: 'evolution', trials: 1000 },
  { space: 'layers', controller: 'random', trials: 1000 },
  { space: 'layers', controller: 'evolution', trials: 1000 },
  { space: 'numbers', controller: 'random', trials: 20_000 },
  { space: 'numbers', controller: 'evolution', trials: 20_000 },
  { space: 'layers', controller: 'random', trials: 20_000 },
  { space: 'layers', controller: 'evolution', trials: 20_000 },
];
/** Optuna's counterpart of a case: its time grows with the trials, so it runs the short ones only. */
const counterparts: Record<string, string> = { random: 'random', evolution: 'nsga2' };

interface OptunaRun {
  readonly version: string;
  readonly seconds: number;
}

/** Undefined where Python or Optuna is missing. */
function runOptuna(sampler: string, trials: number): OptunaRun | undefined {
  const script = fileURLToPath(new URL('./optuna_trials.py', import.meta.url));
  const database = join(folder, `optuna-${performance.now()}.db`);
  const { status, stdout, stderr } = spawnSync(values.python, [script, database, sampler, `${trials}`], { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout) as OptunaRun;
  if (status !== null && status !== 3) throw new Error(`Optuna failed: ${stderr}`);
  return undefined;
}

const median = <T>(list: readonly T[], of: (entry: T) => number): T => [...list].sort((a, b) => of(a) - of(b))[list.length >> 1]!;

async function compare(): Promise<Report> {
  const ours = cases.map((): Timing[] => []);
  const optuna = cases.map((): OptunaRun[] => []);
  let hasOptuna = true;
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, { space, controller, trials }] of cases.entries()) {
      const timing = await measure(folder, space, controller, trials);
      ours[i]!.push(timing);
      console.log(`round ${round + 1}: ${space}, ${controller}, ${trials} trials: ${timing.trialsPerSecond.toFixed(0)} trials/s`);
      if (!hasOptuna || space !== 'numbers' || trials > 1000) continue;
      const run = runOptuna(counterparts[controller]!, trials);
      if (run)
        console.log(`  Optuna ${run.version} (${counterparts[controller]}): ${(trials / run.seconds).toFixed(0)} trials/s`);
      else console.log(`  Optuna is skipped: ${values.python} does not have it (pip install optuna)`);
      hasOptuna = run !== undefined;
      if (run) optuna[i]!.push(run);
    }
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, node ${process.version}, load ${loadavg()[0]!.toFixed(1)}`,
    rounds: Number(values.rounds),
    optuna: optuna.flat()[0]?.version,
    rows: cases.map((entry, i) => {
      const runs = optuna[i]!;
      const timing = median(ours[i]!, ({ seconds }) => seconds);
      const seconds = runs.length > 0 ? median(runs, (run) => run.seconds).seconds : undefined;
      return { ...entry, ...timing, optunaTrialsPerSecond: seconds && entry.trials / seconds };
    }),
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
