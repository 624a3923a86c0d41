/**
 * A search that goes on for hours: does it keep its memory and its descriptors? The built `nas search` on a toy network with
 * one worker and as many trials as fit; every few seconds the memory, descriptors and threads of the orchestrator and of the
 * trial host are read from /proc (Linux).
 *
 *   npm run build && npx tsx experiments/torture/soak.ts [--minutes 130] [--workers 1] [--every 5] [--untrained] [--report]
 *
 * Appends to results/torture/soak.ndjson while it runs and writes soak.json, soak.md and soak.svg at the end, or with
 * --report from the samples that are there. With --untrained the trials only quantize, so that many more of them fit into
 * the time; the files are then called soak-untrained.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from '../search-quality/machine.ts';
import { childrenOf, holdingsOf } from './processes.ts';
import { type Run, type Sample, writeReport } from './soak-report.ts';
import { writeToy } from './toy.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '130' },
    workers: { type: 'string', default: '1' },
    every: { type: 'string', default: '5' },
    untrained: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const results = here('../../results/torture');
const name = values.untrained ? 'soak-untrained' : 'soak';
const log = join(results, `${name}.ndjson`);

if (!values.report) await soak();
const [run, ...samples] = readFileSync(log, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as unknown);
writeReport(join(results, name), run as Run, samples as Sample[]);

async function soak(): Promise<void> {
  mkdirSync(results, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'espalier-soak-'));
  try {
    await writeToy(folder, { name: 'soak', epochs: 0.5, untrained: values.untrained });
    writeFileSync(log, `${JSON.stringify({ ...machine(), minutes: Number(values.minutes), workers: Number(values.workers) })}\n`);
    await watch(search(folder), folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function search(folder: string): ChildProcess {
  const budget = [
    '--trials',
    '1000000',
    '--time',
    `${values.minutes}m`,
    '--workers',
    values.workers,
    '--controller',
    'evolution',
  ];
  const args = [here('../../dist/bin/nas.js'), 'search', '--space', 'soak.yaml', '--plain', ...budget];
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
  return spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function watch(child: ChildProcess, folder: string): Promise<void> {
  const startedAt = performance.now();
  let trials = 0;
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    trials += text.match(/^\d+\/\d+ /gm)?.length ?? 0;
  });
  const timer = setInterval(() => {
    const orchestrator = holdingsOf(child.pid!);
    const host = childrenOf(child.pid!, 'pool/host').map(holdingsOf)[0];
    if (!orchestrator || !host) return;
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const sample: Sample = { seconds, trials, orchestrator, host, databaseMb: sizeMb(folder, 'nas.db') };
    appendFileSync(log, `${JSON.stringify(sample)}\n`);
  }, Number(values.every) * 1000);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`nas search ended with exit code ${String(code)}`);
}

/** A file with what lies beside it (its log). */
function sizeMb(folder: string, file: string): number {
  const files = readdirSync(folder).filter((name) => name.startsWith(file));
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size / 1e6, 0);
}
