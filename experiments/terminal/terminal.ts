/**
 * What the terminal screens cost: how long `nas watch`, `nas front` and `nas --help` take, the first two with a study of 20,000
 * trials, and what share of a core drawing takes. The large study is synthetic: a real space with made-up results. Linux, with `script` of util-linux:
 *
 *   npm run build && npx tsx experiments/terminal/terminal.ts [--trials 20000] [--runs 7] [--seconds 20]
 *
 * Writes results/terminal/.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { madeUpStudy, writeMadeUp } from '../../test/fixtures/made-up-study.ts';
import { type Spent, startOnTerminal } from './pseudo-terminal.ts';

const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));
const results = fileURLToPath(new URL('../../results/terminal', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    trials: { type: 'string', default: '20000' },
    runs: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '20' },
  },
});
const [trials, runs, seconds] = [Number(flags.trials), Number(flags.runs), Number(flags.seconds)];
const sizes = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 250, rows: 70 },
];
const folder = mkdtempSync(join(tmpdir(), 'espalier-terminal-'));
const nas = (...args: string[]) => [process.execPath, main, ...args];

/** What is loaded behind the first frame is not what redrawing costs. */
const settleMs = 3000;

const inSeconds = (ms: number) => (Number.isNaN(ms) ? '' : `${(ms / 1000).toFixed(2)} s`);

writeMadeUp(join(folder, 'large.db'), madeUpStudy({ space: 'resnet.yaml', trials, fails: (trial) => trial % 50 === 7 }));
const loadBefore = loadavg()[0]!;
const openings = {
  [`nas watch, all ${trials.toLocaleString('en')} trials on the screen`]: await repeated(
    ['watch', '--db', 'large.db'],
    `${trials}/${trials}`,
  ),
  [`nas front of the same study`]: await repeated(['front', '--db', 'large.db'], 'smaller'),
  'nas --help': await repeated(['--help'], 'Exit codes'),
};
const looking = await eachSize(async (size) => {
  const watch = startOnTerminal(nas('watch', '--db', 'large.db'), size, folder);
  await watch.until(`${trials}/${trials}`);
  await sleep(settleMs);
  const share = await watch.share(seconds);
  await watch.kill();
  return share;
});
const searching = await searchAndWatch();

const report = {
  machine: { cores: cpus().length, processor: cpus()[0]!.model.trim(), node: process.version, loadBefore },
  trials,
  openings,
  idleShare: looking,
  searching,
};
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'terminal.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(results, 'terminal.md'), markdown());
console.log(markdown());

interface Opening {
  readonly wallMs: Summary;
  readonly cpuMs: Summary;
}

/** From the start of the process to what was asked for on the screen, several times. */
async function repeated(args: readonly string[], shown: string): Promise<Opening> {
  const all: Spent[] = [];
  for (let run = 0; run < runs; run++) {
    const command = startOnTerminal(nas(...args), { columns: 120, rows: 40 }, folder);
    all.push(await command.until(shown));
    await command.kill();
  }
  return { wallMs: summary(all.map(({ wallMs }) => wallMs)), cpuMs: summary(all.map(({ cpuMs }) => cpuMs)) };
}

async function eachSize<T>(measure: (size: (typeof sizes)[number]) => Promise<T>): Promise<Record<string, T>> {
  const found: Record<string, T> = {};
  for (const size of sizes) found[`${size.columns} × ${size.rows}`] = await measure(size);
  return found;
}

interface Shares {
  /** Of the orchestrator with its dashboard, and with plain lines instead: the difference is what drawing costs. */
  readonly search: number;
  readonly plain: number;
  readonly watch: number;
}

/** A real search, looked at from a second terminal; both processes, without the trials that they wait for. */
async function searchAndWatch(): Promise<Record<string, Shares>> {
  return eachSize(async (size) => {
    const drawn = await sharesOf([], '#2', size);
    const plain = await sharesOf(['--plain'], 'trial 2', size);
    return { search: drawn.search, plain: plain.search, watch: drawn.watch };
  });
}

async function sharesOf(args: readonly string[], begun: string, size: (typeof sizes)[number]) {
  const db = `search-${size.columns}${args.join('')}.db`;
  const search = startOnTerminal(nas('search', '--space', 'quick.yaml', '--trials', '500', '--db', db, ...args), size, folder);
  await search.until(begun);
  const watch = startOnTerminal(nas('watch', '--db', db), size, folder);
  await watch.until('front');
  await sleep(settleMs);
  const [own, other] = await Promise.all([search.share(seconds), watch.share(seconds)]);
  await Promise.all([search.kill(), watch.kill()]);
  return { search: own, watch: other };
}

interface Summary {
  readonly fastest: number;
  readonly median: number;
  readonly all: readonly number[];
}

function summary(values: readonly number[]): Summary {
  const all = [...values].sort((a, b) => a - b);
  return { fastest: all[0]!, median: all[Math.floor(all.length / 2)]!, all };
}

function markdown(): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { machine } = report;
  const opened = Object.entries(openings).map(
    ([what, { wallMs, cpuMs }]) => `| ${[what, ...[wallMs.median, wallMs.fastest, cpuMs.median].map(inSeconds)].join(' | ')} |`,
  );
  const rows = Object.entries(looking).map(([size, share]) => {
    const { search, plain, watch } = searching[size]!;
    return `| ${[size, ...[share, search, plain, watch].map(percent)].join(' | ')} |`;
  });
  return `# The terminal screens

Made by \`npx tsx experiments/terminal/terminal.ts\`, ${machine.cores} cores (${machine.processor}), Node.js ${machine.node}, load of the machine before the start ${machine.loadBefore.toFixed(1)}.

From the start of the process to what was asked for on the terminal, the middle of ${runs} runs. The study is **synthetic**: a real space, made-up results.

| | time | fastest | of its own processor time |
|---|---:|---:|---:|
${opened.join('\n')}

Share of one core (processor time of the process itself, over ${seconds} s):

| window | \`nas watch\` of that study, at rest | a real search with its dashboard, all of the orchestrator | the same with \`--plain\` | a watcher of that search |
|---|---:|---:|---:|---:|
${rows.join('\n')}
`;
}
