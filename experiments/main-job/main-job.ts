/**
 * The README's first command, timed: `npm run build && npx tsx experiments/main-job/main-job.ts [--trials 100] [--dashboard]`.
 * Runs the built `nas search --space resnet.yaml` in a folder of its own with an empty baseline cache, samples the memory of
 * all its processes, exports the baseline and the default choice for their test accuracy, and writes results/main-job/.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, homedir, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { residentMb } from './processes.ts';

const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));
const loopDelay = new URL('loop-delay.mjs', import.meta.url).href;
const results = fileURLToPath(new URL('../../results/main-job', import.meta.url));
const { values: flags } = parseArgs({ options: { trials: { type: 'string', default: '100' } } });

interface FrontEntry {
  readonly trial: number;
  readonly metrics: Readonly<Record<string, number>>;
}

const folder = mkdtempSync(join(tmpdir(), 'main-job-'));
const cache = join(folder, 'cache');
const env = { ...process.env, XDG_CACHE_HOME: cache, LOOP_DELAY_FILE: join(folder, 'loop.json') };
copyDatasets();
const nas = (...args: string[]) => execFileSync(process.execPath, [main, ...args], { cwd: folder, env, encoding: 'utf8' });

const startedAt = performance.now();
const loadBefore = loadavg()[0]!;
const { peakMb, baselineSeconds } = await search();
const minutes = (performance.now() - startedAt) / 60_000;
const front = JSON.parse(nas('front', '--json')) as { baseline: FrontEntry; front: FrontEntry[] };
const trials = JSON.parse(nas('ls', '--json')) as { state: string }[];
const baseline = certify('baseline', '0');
const choice = certify('choice');
const small = front.front
  .filter(({ metrics }) => metrics['accuracy']! >= front.baseline.metrics['accuracy']! - 0.01)
  .sort((a, b) => a.metrics['size']! - b.metrics['size']!)[0];
const report = {
  machine: { cores: cpus().length, processor: cpus()[0]!.model, loadBefore },
  trials: trials.length,
  done: trials.filter(({ state }) => state === 'done').length,
  minutes,
  baselineSeconds,
  peakMb,
  eventLoop: JSON.parse(readFileSync(join(folder, 'loop.json'), 'utf8')),
  baseline,
  choice,
  smallestWithinOnePoint: small && { ...small, timesSmaller: front.baseline.metrics['size']! / small.metrics['size']! },
  front: front.front,
};
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'main-job.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(results, 'main-job.md'), markdown());
console.log(markdown());
console.log(`Everything is in ${folder}`);

/** Data already fetched: what the user's cache has is copied. */
function copyDatasets(): void {
  const known = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'espalier', 'datasets');
  if (existsSync(known)) cpSync(known, join(cache, 'espalier', 'datasets'), { recursive: true });
}

async function search(): Promise<{ peakMb: number; baselineSeconds: number }> {
  const child = spawn(
    process.execPath,
    ['--import', loopDelay, main, 'search', '--space', 'resnet.yaml', '--trials', flags.trials, '--plain'],
    {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let peakMb = 0;
  let baselineSeconds = Number.NaN;
  const timer = setInterval(() => (peakMb = Math.max(peakMb, residentMb(child.pid!))), 500);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    if (Number.isNaN(baselineSeconds) && /^1\/\d+ /m.test(text)) baselineSeconds = (performance.now() - startedAt) / 1000;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`nas search ended with exit code ${String(code)}`);
  return { peakMb, baselineSeconds };
}

function certify(name: string, trial?: string) {
  nas('export', ...(trial === undefined ? [] : ['--trial', trial]), '--out', name);
  const { trial: number, measured } = JSON.parse(readFileSync(join(folder, name, 'certificate.json'), 'utf8'));
  return { trial: number, bytes: measured.bytes, validation: measured.validation.accuracy, test: measured.test.accuracy };
}

function markdown(): string {
  const percent = (value: number) => `${(value * 100).toFixed(2)} %`;
  const row = (name: string, { trial, bytes, validation, test }: typeof baseline) =>
    `| ${name} | ${trial} | ${(bytes / 1000).toFixed(1)} kB | ${(baseline.bytes / bytes).toFixed(1)}× | ${percent(validation)} | ${percent(test)} |`;
  return `# The main job

\`nas search --space resnet.yaml --trials ${flags.trials}\`, data already fetched, no cached baseline.
${report.machine.cores} cores (${report.machine.processor.trim()}), load before the start ${loadBefore.toFixed(1)}.

| | |
|---|---|
| trials | ${report.trials}, ${report.done} done |
| all | ${minutes.toFixed(1)} min |
| of that until the baseline was trained and measured | ${baselineSeconds.toFixed(0)} s |
| peak memory of all processes | ${(peakMb / 1000).toFixed(2)} GB |
| longest stall of the event loop | ${report.eventLoop.maxMs.toFixed(0)} ms |
| smallest on the front within 1 point of the baseline (validation) | ${small ? `trial ${small.trial}, ${(small.metrics['size']! / 1000).toFixed(1)} kB, ${report.smallestWithinOnePoint!.timesSmaller.toFixed(1)}× smaller` : 'none'} |

| | trial | size | smaller | validation | test |
|---|---|---|---|---|---|
${row('baseline', baseline)}
${row('default choice of `nas export`', choice)}
`;
}
