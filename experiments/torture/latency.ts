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
  /** Shares whose median, or ratio, lies in the stated interval; and whose own interval meets it. */
  readonly time: number;
  readonly timeMeets: number;
  readonly ratio: number;
  readonly ratioMeets: number;
  readonly noisy: number;
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
  report(models.length, quiet, loaded);
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
  return {
    measurements: again.length,
    time: share((stated, found) => found.medianMs >= stated.lowMs && found.medianMs <= stated.highMs),
    timeMeets: share((stated, found) => found.lowMs <= stated.highMs && found.highMs >= stated.lowMs),
    ratio: share((stated, found) => found.ratio >= stated.ratioLow && found.ratio <= stated.ratioHigh),
    ratioMeets: share((stated, found) => found.ratioLow <= stated.ratioHigh && found.ratioHigh >= stated.ratioLow),
    noisy: share((_, found) => found.noisy),
  };
}

function report(models: number, quiet: Coverage, loaded: Coverage): void {
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  const row = (name: string, of: (coverage: Coverage) => number) =>
    `| ${name} | ${percent(of(quiet))} | ${percent(of(loaded))} |`;
  const facts = { ...machine(), loadBefore: loadavg(), models, quiet, loaded };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'latency.json'), `${JSON.stringify(facts, null, 2)}\n`);
  const markdown = `# Latency, measured again

${facts.date}, ${facts.machine}. The ${models} models on the front of \`nas search --space ${values.space} --trials ${values.trials}\`, measured again in ${quiet.measurements} fresh
processes; then once each with ${2 * availableParallelism()} processes that compute beside them. Stated: what the search recorded.

| | with nothing beside it | under load |
|---|---|---|
${row('median time inside the stated interval', ({ time }) => time)}
${row('its own interval meets the stated one', ({ timeMeets }) => timeMeets)}
${row('ratio to the dense network inside the stated interval', ({ ratio }) => ratio)}
${row('its own interval meets the stated one', ({ ratioMeets }) => ratioMeets)}
${row('flagged as noisy', ({ noisy }) => noisy)}

The stated interval is one of the median of one measurement. Two medians that are equally uncertain lie in each other's 95 %
interval 83 % of the time even where nothing changes between processes.
`;
  writeFileSync(join(results, 'latency.md'), markdown);
  console.log(markdown);
}
