/**
 * What the terminal screens cost: how long `nas watch` takes to show a study of 20,000 trials, and what share of a core
 * drawing takes. The large study is synthetic: a real space with made-up results. Linux, with `script` of util-linux:
 *
 *   npm run build && npx tsx experiments/terminal/terminal.ts [--trials 20000] [--runs 7] [--seconds 20]
 *
 * Writes results/terminal/.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
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

writeMadeUp(join(folder, 'large.db'), madeUpStudy({ space: 'resnet.yaml', trials, fails: (trial) => trial % 50 === 7 }));
const loadBefore = loadavg()[0]!;
const opening: Spent[] = [];
for (let run = 0; run < runs; run++) opening.push(await openLarge());
const looking = await eachSize(async (size) => {
  const watch = startOnTerminal(nas('watch', '--db', 'large.db'), size, folder);
  await watch.until(`${trials}/${trials}`);
  const share = await watch.share(seconds);
  await watch.kill();
  return share;
});
const searching = await searchAndWatch();

const report = {
  machine: { cores: cpus().length, processor: cpus()[0]!.model.trim(), node: process.version, loadBefore },
  trials,
  open: { wallMs: summary(opening.map(({ wallMs }) => wallMs)), cpuMs: summary(opening.map(({ cpuMs }) => cpuMs)) },
  idleShare: looking,
  searching,
};
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'terminal.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(results, 'terminal.md'), markdown());
console.log(markdown());

/** From the start of the process to the frame with all trials on it. */
async function openLarge(): Promise<Spent> {
  const watch = startOnTerminal(nas('watch', '--db', 'large.db'), { columns: 120, rows: 40 }, folder);
  const spent = await watch.until(`${trials}/${trials}`);
  await watch.kill();
  return spent;
}

async function eachSize<T>(measure: (size: (typeof sizes)[number]) => Promise<T>): Promise<Record<string, T>> {
  const found: Record<string, T> = {};
  for (const size of sizes) found[`${size.columns} × ${size.rows}`] = await measure(size);
  return found;
}

/** A real search with its dashboard, looked at from a second terminal; both processes, without the trials that they wait for. */
async function searchAndWatch(): Promise<Record<string, { readonly search: number; readonly watch: number }>> {
  return eachSize(async (size) => {
    const db = `search-${size.columns}.db`;
    const search = startOnTerminal(nas('search', '--space', 'quick.yaml', '--trials', '500', '--db', db), size, folder);
    await search.until('#2');
    const watch = startOnTerminal(nas('watch', '--db', db), size, folder);
    await watch.until('front');
    const [own, other] = await Promise.all([search.share(seconds), watch.share(seconds)]);
    await Promise.all([search.kill(), watch.kill()]);
    return { search: own, watch: other };
  });
}

function summary(values: readonly number[]) {
  const all = [...values].sort((a, b) => a - b);
  return { fastest: all[0]!, median: all[Math.floor(all.length / 2)]!, all };
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

function markdown(): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { machine, open } = report;
  const rows = Object.keys(report.idleShare).map(
    (size) =>
      `| ${size} | ${percent(report.idleShare[size]!)} | ${percent(searching[size]!.search)} | ${percent(searching[size]!.watch)} |`,
  );
  return `# The terminal screens

Made by \`npx tsx experiments/terminal/terminal.ts\`, ${machine.cores} cores (${machine.processor}), Node.js ${machine.node}, load of
the machine before the start ${machine.loadBefore.toFixed(1)}.

\`nas watch\` on a **synthetic** study of ${trials.toLocaleString('en')} trials (a real space, made-up results) shows all of it, from the start of the
process to the frame, in ${inSeconds(open.wallMs.fastest)} at best, ${inSeconds(open.wallMs.median)} in the middle of ${open.wallMs.all.length} runs on this\nloaded machine; its own CPU time until then is ${inSeconds(open.cpuMs.fastest)} at best, ${inSeconds(open.cpuMs.median)} in the middle.

Share of one core (CPU time of the process itself, over ${seconds} s):

| window | watching it at rest | a real search with its dashboard, all of the orchestrator | a watcher of that search |
|---|---|---|---|
${rows.join('\n')}
`;
}
