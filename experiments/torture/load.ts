/**
 * The same small search under circumstances that a search overnight may meet: it must end as it says, and with the same
 * candidates, metrics and models as undisturbed.
 *
 *   npm run build && npx tsx experiments/torture/load.ts
 *
 * Writes results/torture/load.json and load.md. Linux; the full disk needs the right to mount a file system in memory.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRng } from '../../src/core/rng.ts';
import { machine } from '../search-quality/machine.ts';
import { inspect } from './inspect-study.ts';
import { childrenOf, holdingsOf } from './processes.ts';
import { writeToy } from './toy.ts';

const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));
const results = fileURLToPath(new URL('../../results/torture', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'espalier-load-'));
const trials = 24;

interface Row {
  readonly circumstance: string;
  /** What is expected to happen, and what happened. */
  readonly expected: string;
  readonly found: string;
}

interface RunOptions {
  readonly workers?: number;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What bash does with the command `nas`. */
  readonly line?: string;
  readonly during?: (group: number) => Promise<void>;
}

/** Instead of a line: on a pseudo-terminal, with a keyboard that nobody touches. */
const onTerminal = 'on a terminal';
const terminalLine = (command: string) =>
  `TERM=xterm-256color exec script -qfc '${command}; echo $? > exit-code' typescript < <(exec sleep 600) > /dev/null`;

/** Runs the search in a shell, in a process group of its own; gives the exit code, what it said on stderr, and its memory. */
async function search(folder: string, { workers = 2, args = [], env, line = 'nas', during }: RunOptions = {}) {
  const words = ['search', '--space', 'load.yaml', '--trials', `${trials}`, '--workers', `${workers}`, ...args];
  const command = `"${process.execPath}" "${main}" ${words.join(' ')}`;
  const script = line === onTerminal ? terminalLine(command) : `nas() { exec ${command}; }; ${line}`;
  const child = spawn('bash', ['-c', script], {
    cwd: folder,
    env: { ...process.env, XDG_CACHE_HOME: join(root, 'cache'), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let [stderr, peakMb] = ['', 0];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = setInterval(() => (peakMb = Math.max(peakMb, holdingsOf(child.pid!)?.rssMb ?? 0)), 200);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await during?.(child.pid!);
  const code = await ended;
  clearInterval(timer);
  return { code, stderr, peakMb };
}

async function folderFor(name: string, parent = root): Promise<string> {
  const folder = join(parent, name);
  await writeToy(folder, { name: 'load', epochs: 0.5 });
  return folder;
}

const rows: Row[] = [];

/** Compares with the undisturbed search. */
function outcome(folder: string, code: number | null): string {
  const seen = inspect(folder);
  const same = seen?.digest === digest ? 'the same study' : `another study (${seen?.finished.size ?? 0} results)`;
  return `exit code ${code}, ${same}`;
}

function note(circumstance: string, expected: string, found: string): void {
  rows.push({ circumstance, expected, found });
  console.log(`${expected === found ? 'ok   ' : 'WRONG'} ${circumstance}: ${found}`);
}

const fine = 'exit code 0, the same study';

/** A clock that is set forward and back by up to an hour, again and again. */
const jumpingClock = join(root, 'jumping-clock.mjs');
writeFileSync(
  jumpingClock,
  'const now = Date.now; Date.now = () => now() + Math.round(3600e3 * Math.sin(Math.floor(now() / 700)));',
);

const undisturbed = await folderFor('undisturbed');
await search(undisturbed, { workers: 1 });
const digest = inspect(undisturbed)!.digest;
try {
  await plainRuns();
  await stopAndContinue();
  await suspended();
  await resized();
  await closedPipe();
  await fullDisk();
} finally {
  rmSync(root, { recursive: true, force: true });
}
report();

async function plainRuns(): Promise<void> {
  const cases: readonly [string, RunOptions][] = [
    ['8 workers on all cores', { workers: 8 }],
    ['standard output on a full disk (/dev/full)', { line: 'nas > /dev/full' }],
    ['events on a full disk (--json > /dev/full)', { line: 'nas > /dev/full', args: ['--json'] }],
    ['a clock that jumps by up to an hour', { env: { NODE_OPTIONS: `--import ${jumpingClock}` } }],
    ['a slow terminal: a line every 50 ms', { line: 'nas | while read -r line; do sleep 0.05; done; exit $PIPESTATUS' }],
  ];
  for (const [name, options] of cases) {
    const folder = await folderFor(name.replaceAll(/\W+/g, '-'));
    const { code } = await search(folder, options);
    note(name, fine, outcome(folder, code));
  }
}

/** Ctrl-Z and fg, longer than the deadline of a trial: the time in between is not the trial's. */
async function stopAndContinue(): Promise<void> {
  const folder = await folderFor('stopped');
  const during = async (group: number) => {
    await sleep(4000);
    for (let round = 0; round < 3; round++) {
      process.kill(-group, 'SIGTSTP');
      process.kill(-group, 'SIGSTOP'); // a process group without a terminal ignores the other
      await sleep(15_000);
      process.kill(-group, 'SIGCONT');
      await sleep(700);
    }
  };
  const { code } = await search(folder, { args: ['--deadline', '10s'], during });
  note('stopped for 15 s three times, deadline of a trial 10 s', fine, outcome(folder, code));
}

/** All its processes stand still, and the clock is somewhere else afterwards. */
async function suspended(): Promise<void> {
  const folder = await folderFor('suspended');
  const during = async (group: number) => {
    await sleep(5000);
    process.kill(-group, 'SIGSTOP');
    await sleep(20_000);
    process.kill(-group, 'SIGCONT');
  };
  const env = { NODE_OPTIONS: `--import ${jumpingClock}` };
  const { code } = await search(folder, { args: ['--deadline', '10s'], env, during });
  note('a suspended laptop: all stand still for 20 s, and the clock jumps', fine, outcome(folder, code));
}

/** From 1 × 1 to 300 × 100 characters, every tenth of a second. */
async function resized(): Promise<void> {
  const folder = await folderFor('resized');
  let resizes = 0;
  const exitCode = join(folder, 'exit-code');
  const during = async (group: number) => {
    const rng = createRng('resizes');
    while (!existsSync(exitCode)) {
      await sleep(100);
      const terminal = terminalOf(group);
      if (!terminal) continue;
      const size = ['cols', `${1 + rng.int(300)}`, 'rows', `${1 + rng.int(100)}`];
      resizes += spawnSync('stty', ['-F', terminal, ...size]).status === 0 ? 1 : 0;
    }
    process.kill(-group, 'SIGKILL'); // `script` waits for its keyboard
  };
  await search(folder, { line: onTerminal, during });
  const code = Number(readFileSync(exitCode, 'utf8'));
  note(
    `a terminal that is resized (${resizes > 50 ? 'more than 50 times' : `${resizes} times only`})`,
    fine,
    outcome(folder, code),
  );
}

/** Of the command that `script` runs. */
function terminalOf(script: number): string | undefined {
  try {
    return readlinkSync(`/proc/${childrenOf(script, 'nas.js')[0]}/fd/0`);
  } catch {
    return undefined; // it starts, or has ended
  }
}

async function closedPipe(): Promise<void> {
  const folder = await folderFor('pipe');
  const first = await search(folder, { line: 'nas | head -2 > /dev/null; exit $PIPESTATUS', args: ['--plain'] });
  note('its reader goes away (nas search | head -2)', 'exit code 130', `exit code ${first.code}`);
  const second = await search(folder);
  note('… and the same command again', fine, outcome(folder, second.code));
}

/** Database and models on a disk that gets full; then it is made larger. */
async function fullDisk(): Promise<void> {
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const mount = (...options: string[]) =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', disk]).status === 0;
  if (!mount('size=900k')) {
    console.log('skipped: the full disk (no right to mount a file system)');
    return;
  }
  try {
    const folder = await folderFor('full', disk);
    const first = await search(folder);
    const said = /disk is full|no room/.test(first.stderr) ? 'says that the disk is full' : first.stderr.trim();
    note('a disk that gets full', 'exit code 1, says that the disk is full', `exit code ${first.code}, ${said}`);
    mount('remount', 'size=64m');
    const second = await search(folder);
    note('… and the same command again, with more room', fine, outcome(folder, second.code));
  } finally {
    spawnSync('umount', [disk]);
  }
}

function report(): void {
  mkdirSync(results, { recursive: true });
  const facts = machine();
  const wrong = rows.filter(({ expected, found }) => expected !== found).length;
  writeFileSync(join(results, 'load.json'), `${JSON.stringify({ ...facts, trials, rows }, null, 2)}\n`);
  const markdown = `# Searches under load

${facts.date}, ${facts.machine}. Each time the same search of ${trials} trials of a toy network; "the same study" means candidates, metrics
and the bytes of every model as in the undisturbed search with one worker. ${wrong} of ${rows.length} are not as expected.

| circumstance | expected | found |
|---|---|---|
${rows.map(({ circumstance, expected, found }) => `| ${circumstance} | ${expected} | ${found} |`).join('\n')}
`;
  writeFileSync(join(results, 'load.md'), markdown);
  console.log(`\n${markdown}`);
  if (wrong > 0) process.exitCode = 1;
}
