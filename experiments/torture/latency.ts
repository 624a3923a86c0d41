/**
 * Can a stated latency be found again? Every model of a search's front is measured again in fresh processes, as `nas export`
 * and `nas verify` do, with nothing beside it; then under load, where the measurement has to say that the machine is noisy.
 *
 *   npx tsx experiments/torture/latency.ts [--space resnet.yaml] [--trials 20] [--processes 10]
 *
 * Writes results/torture/latency.json and latency.md. It means something on a quiet machine only: the load is in the report.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { baselineFolder } from '../../src/cli/folders.ts';
import { remeasureInProcess } from '../../src/cli/remeasure.ts';
import { factsOf } from '../../src/cli/study-facts.ts';
import type { LatencyResult } from '../../src/network/metrics/latency.ts';
import { frontOf } from '../../src/search/study/progress.ts';
import { openStore, readStudy } from '../../src/store/index.ts';
import { artefactPath } from '../../src/trial/artefacts.ts';
import type { TrialSetup } from '../../src/trial/setup.ts';
import { machine } from '../search-quality/machine.ts';

const { values } = parseArgs({
  options: {
    space: { type: 'string', default: 'resnet.yaml' },
    trials: { type: 'string', default: '20' },
    processes: { type: 'string', default: '10' },
  },
});
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const results = here('../../results/torture');
const folder = mkdtempSync(join(tmpdir(), 'espalier-latency-'));

interface Model {
  readonly trial: number;
  readonly path: string;
  /** As the search recorded it. */
  readonly stated: LatencyResult;
}

interface Coverage {
  readonly measurements: number;
  /** Shares that lie in the stated interval: the ratio to the dense network; the time; the time at the pace that the dense network had. */
  readonly ratio: number;
  readonly time: number;
  readonly paced: number;
  readonly noisy: number;
  /** Of the dense network's own time over these measurements: most / least. */
  readonly drift: number;
}

interface Again {
  readonly model: Model;
  readonly found: LatencyResult;
}

try {
  const { baseline, models, setup } = search();
  const measured = async (rounds: number) => {
    const again: Again[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const model of models) again.push({ model, found: await measure(model.path, baseline, setup) });
    }
    return again;
  };
  const quiet = await measured(Number(values.processes));
  const load = startLoad(2 * availableParallelism());
  const loaded = await measured(1);
  for (const child of load) child.kill();
  report(models, quiet, loaded);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A search by the command that users type, one worker. */
function search(): { readonly baseline: string; readonly models: readonly Model[]; readonly setup: TrialSetup } {
  const args = ['search', '--space', values.space, '--trials', values.trials, '--workers', '1', '--plain'];
  execFileSync(process.execPath, ['--import', 'tsx', here('../../src/cli/main.ts'), ...args, '--db', join(folder, 'nas.db')], {
    cwd: here('../..'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const artefactFolder = join(folder, 'nas.artefacts');
  const store = openStore(join(folder, 'nas.db'), { mode: 'read' });
  try {
    const [record] = store.list();
    const { trials } = readStudy(store, record!.name);
    const { goal, sections, metrics } = factsOf(record!);
    const models = frontOf(trials, goal).map(({ number, artefact, details }) => ({
      trial: number,
      path: artefactPath(artefactFolder, artefact!.sha256),
      stated: (details as unknown as { readonly latency: LatencyResult }).latency,
    }));
    const [dense] = trials;
    if (dense?.state !== 'done') throw new Error('the baseline failed');
    const setup = { ...sections, metrics, artefactFolder, baselineFolder: baselineFolder(), threads: availableParallelism() };
    return { baseline: artefactPath(artefactFolder, dense.artefact!.sha256), models, setup };
  } finally {
    store.close();
  }
}

async function measure(model: string, baseline: string, setup: TrialSetup): Promise<LatencyResult> {
  const { latency } = await remeasureInProcess({ model, baseline, setup }, () => undefined);
  return latency as unknown as LatencyResult;
}

/** Processes that compute until they are killed, or this process is gone. */
function startLoad(count: number): ChildProcess[] {
  const code = `process.stdin.on('end', () => process.exit()).resume();
    const work = () => { const end = Date.now() + 50; while (Date.now() < end) Math.sqrt(Math.random()); setImmediate(work); };
    work();`;
  return Array.from({ length: count }, () => spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'ignore', 'ignore'] }));
}

function coverageOf(again: readonly Again[]): Coverage {
  const share = (holds: (stated: LatencyResult, found: LatencyResult) => boolean) =>
    again.filter(({ model, found }) => holds(model.stated, found)).length / again.length;
  const paced = (stated: LatencyResult, found: LatencyResult) => (found.medianMs * stated.baselineMs) / found.baselineMs;
  const paces = again.map(({ found }) => found.baselineMs);
  return {
    measurements: again.length,
    ratio: share((stated, found) => found.ratio >= stated.ratioLow && found.ratio <= stated.ratioHigh),
    time: share((stated, found) => found.medianMs >= stated.lowMs && found.medianMs <= stated.highMs),
    paced: share((stated, found) => paced(stated, found) >= stated.lowMs && paced(stated, found) <= stated.highMs),
    noisy: share((_, found) => found.noisy),
    drift: Math.max(...paces) / Math.min(...paces),
  };
}

function report(models: readonly Model[], quietRuns: readonly Again[], loadedRuns: readonly Again[]): void {
  const [quiet, loaded] = [coverageOf(quietRuns), coverageOf(loadedRuns)];
  const statedWidth = (of: (stated: LatencyResult) => number) =>
    models.reduce((sum, { stated }) => sum + of(stated), 0) / models.length;
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  const row = (name: string, of: (coverage: Coverage) => number) =>
    `| ${name} | ${percent(of(quiet))} | ${percent(of(loaded))} |`;
  const widths = {
    ratio: statedWidth(({ ratioLow, ratio, ratioHigh }) => (ratioHigh - ratioLow) / ratio),
    time: statedWidth(({ lowMs, medianMs, highMs }) => (highMs - lowMs) / medianMs),
  };
  const facts = { ...machine(), loadBefore: loadavg(), models: models.length, widths, quiet, loaded };
  const runs = [quietRuns, loadedRuns].map((all) => all.map(({ model, found }) => ({ trial: model.trial, found })));
  const details = { stated: models.map(({ trial, stated }) => ({ trial, stated })), quiet: runs[0], loaded: runs[1] };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'latency.json'), `${JSON.stringify({ ...facts, details }, null, 2)}\n`);
  const markdown = `# Latency, measured again

${facts.date}, ${facts.machine}. The ${models.length} models on the front of \`nas search --space ${values.space} --trials ${values.trials}\`, measured again in ${quiet.measurements} fresh
processes; then once each with ${2 * availableParallelism()} processes that compute beside them. Stated: what the search recorded, intervals of
${percent(widths.ratio)} (ratio) and ${percent(widths.time)} (time) of their middle on average.

| | with nothing of ours beside it | under load |
|---|---|---|
${row('ratio to the dense network inside the stated interval', ({ ratio }) => ratio)}
${row('time, at the pace that the dense network had, inside the stated interval', ({ paced }) => paced)}
${row('time as it is inside the stated interval', ({ time }) => time)}
${row('flagged as noisy', ({ noisy }) => noisy)}
| the dense network’s own time: most / least | ${quiet.drift.toFixed(2)} | ${loaded.drift.toFixed(2)} |

The machine is a virtual one: the dense network itself, measured again with nothing beside it, takes now this long and now
that. What is stated is meant to hold relative to it.
`;
  writeFileSync(join(results, 'latency.md'), markdown);
  console.log(markdown);
}
