/**
 * Can a stated latency be found again? Every model of a search's front is measured again in fresh processes, by the same
 * protocol, with nothing beside it; then under load, where the measurement has to say that the machine is noisy.
 *
 *   npx tsx experiments/torture/latency.ts [--space quick.yaml] [--trials 20] [--processes 10]
 *
 * Writes results/torture/latency.json and latency.md. It means something on a quiet machine only: the load is in the report.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { factsOf } from '../../src/cli/study-facts.ts';
import type { LatencyResult } from '../../src/network/metrics/latency.ts';
import { frontOf } from '../../src/search/study/progress.ts';
import { openStore, readStudy } from '../../src/store/index.ts';
import { machine } from '../search-quality/machine.ts';

const { values } = parseArgs({
  options: {
    space: { type: 'string', default: 'quick.yaml' },
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

try {
  const { baseline, models, shape } = search();
  const measure = ({ path }: Model) => measured(path, baseline, shape);
  const again = models.flatMap((model) =>
    Array.from({ length: Number(values.processes) }, () => ({ model, found: measure(model) })),
  );
  const quiet = coverageOf(again);
  const busy = startLoad(2 * availableParallelism());
  const loaded = coverageOf(models.map((model) => ({ model, found: measure(model) })));
  for (const child of busy) child.kill();
  report(models, quiet, loaded);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A search by the command that users type, one worker. */
function search(): { readonly baseline: string; readonly models: readonly Model[]; readonly shape: string } {
  const args = ['search', '--space', values.space, '--trials', values.trials, '--workers', '1', '--plain'];
  execFileSync(process.execPath, ['--import', 'tsx', here('../../src/cli/main.ts'), ...args, '--db', join(folder, 'nas.db')], {
    cwd: here('../..'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const store = openStore(join(folder, 'nas.db'), { mode: 'read' });
  try {
    const [record] = store.list();
    const { trials, sessions } = readStudy(store, record!.name);
    const models = frontOf(trials, factsOf(record!).goal).map(({ number, artefact, details }) => ({
      trial: number,
      path: pathOf(artefact!.sha256),
      stated: (details as unknown as { readonly latency: LatencyResult }).latency,
    }));
    const [dense] = trials;
    if (dense?.state !== 'done') throw new Error('the baseline failed');
    const { prepared } = sessions[0]!.begin.facts as unknown as { prepared: { data: { shape: number[] } } };
    return { baseline: pathOf(dense.artefact!.sha256), models, shape: prepared.data.shape.join('x') };
  } finally {
    store.close();
  }
}

function pathOf(sha256: string): string {
  return join(folder, 'nas.artefacts', `${sha256}.onnx`);
}

function measured(candidate: string, baseline: string, shape: string): LatencyResult {
  const args = ['--import', 'tsx', here('./measure-latency.ts'), candidate, baseline, shape];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as LatencyResult;
}

/** Processes that compute for ever. */
function startLoad(count: number): ChildProcess[] {
  return Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', 'for (;;) Math.sqrt(Math.random())'], { stdio: 'ignore' }),
  );
}

function coverageOf(again: readonly { readonly model: Model; readonly found: LatencyResult }[]): Coverage {
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

function report(models: readonly Model[], quiet: Coverage, loaded: Coverage): void {
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
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'latency.json'), `${JSON.stringify(facts, null, 2)}\n`);
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
