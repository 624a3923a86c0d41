/**
 * A study of 100,000 trials: how long do looking at it and going on with it take? SYNTHETIC: a few real trials of a toy network,
 * then candidates drawn from the same space, with the records of a real trial and metrics made up; the commands that are
 * timed are the real ones, on the real database.
 *
 *   npm run build && npx tsx experiments/torture/scale.ts [--trials 100000]
 *
 * Writes results/torture/scale.json and scale.md.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keyFunction } from '../../src/cli/compose.ts';
import { factsOf } from '../../src/cli/study-facts.ts';
import type { StudyEvent } from '../../src/core/event.ts';
import { createRng } from '../../src/core/rng.ts';
import type { DoneOutcome } from '../../src/core/trial.ts';
import type { ModelSpec } from '../../src/network/models/index.ts';
import { sample } from '../../src/search/space/sample.ts';
import { openStore, readStudy } from '../../src/store/index.ts';
import { machine } from '../search-quality/machine.ts';
import { holdingsOf } from './processes.ts';
import { writeToy } from './toy.ts';

const { values } = parseArgs({ options: { trials: { type: 'string', default: '100000' } } });
const trials = Number(values.trials);
const results = fileURLToPath(new URL('../../results/torture', import.meta.url));
const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-scale-'));
const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') };
const search = (count: number) => ['search', '--space', 'scale.yaml', '--plain', '--workers', '1', '--trials', `${count}`];

interface Timed {
  readonly command: string;
  readonly seconds: number;
}

try {
  await writeToy(folder, { name: 'scale', epochs: 0.25 });
  run(search(6));
  grow(join(folder, 'nas.db'));
  const megabytes = statSync(join(folder, 'nas.db')).size / 1e6;
  const looks = ['front', `show ${trials >> 1}`, 'pick', 'ls --json', 'ls'].map((command) => run(command.split(' ')));
  const resumed = await resume(trials + 2);
  report({ ...machine(), trials, megabytes, looks, resumed });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a command to its end, its output into a file. */
function run(args: readonly string[]): Timed {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', openSync(join(folder, 'output'), 'w'), 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`nas ${args.join(' ')}: exit code ${status}: ${stderr}`);
  return { command: args.join(' '), seconds: (performance.now() - startedAt) / 1000 };
}

/** Goes on with the study for the trials that are missing. */
async function resume(
  count: number,
): Promise<{ readonly seconds: number; readonly peakMb: number; readonly untilTrial: number }> {
  const startedAt = performance.now();
  const since = () => (performance.now() - startedAt) / 1000;
  const child = spawn(process.execPath, [main, ...search(count)], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let [peakMb, untilTrial] = [0, Number.NaN];
  const timer = setInterval(() => (peakMb = Math.max(peakMb, holdingsOf(child.pid!)?.rssMb ?? 0)), 100);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (Number.isNaN(untilTrial) && text.includes(`trial ${trials}`)) untilTrial = since();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`the resumed search ended with exit code ${String(code)}`);
  return { seconds: since(), peakMb, untilTrial };
}

/** Appends made-up trials until there are enough, and ends the session. */
function grow(file: string): void {
  const store = openStore(file, { mode: 'write' });
  const [record] = store.list();
  const { space, sections } = factsOf(record!);
  const keyOf = keyFunction(sections.model as unknown as ModelSpec, space);
  const known = readStudy(store, record!.name).trials;
  const pattern = known.at(-1) as (typeof known)[number] & DoneOutcome;
  const rng = createRng('scale');
  const keys = new Set(known.map(({ key }) => key));
  let batch: StudyEvent[] = [];
  for (let trial = known.length; trial < trials; trial++) {
    let candidate = sample(space, rng);
    while (keys.has(keyOf(candidate))) candidate = sample(space, rng);
    const key = keyOf(candidate);
    keys.add(key);
    const at = record!.createdAt + trial / trials;
    const metrics = { ...pattern.metrics, accuracy: rng.uniform(), size: 2000 + rng.int(4000) };
    const { artefact, details, seconds } = pattern;
    batch.push(
      { type: 'asked', at, trial, candidate, key, origin: record!.controller },
      { type: 'started', at, trial, attempt: 1, worker: 0 },
      {
        type: 'finished',
        at,
        trial,
        outcome: { state: 'done', metrics, ...(artefact ? { artefact } : {}), details: details ?? null, seconds },
      },
    );
    if (batch.length < 3000 && trial < trials - 1) continue;
    store.append(record!.name, batch);
    batch = [];
  }
  store.close();
}

interface Report extends ReturnType<typeof machine> {
  readonly trials: number;
  readonly megabytes: number;
  readonly looks: readonly Timed[];
  readonly resumed: Awaited<ReturnType<typeof resume>>;
}

function report(facts: Report): void {
  const { megabytes, looks, resumed } = facts;
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'scale.json'), `${JSON.stringify(facts, null, 2)}\n`);
  const markdown = `# A study of ${trials.toLocaleString('en')} trials

${facts.date}, ${facts.machine}. **Synthetic**: six real trials of a toy network with 24 choices, the others drawn from the same space
with the records of a real trial and metrics made up. The commands are the real ones; each time is that of the whole process.
The database has ${megabytes.toFixed(0)} MB.

| | s |
|---|---|
${looks.map(({ command, seconds }) => `| \`nas ${command}\` | ${seconds.toFixed(1)} |`).join('\n')}
| \`nas search\` goes on with it, until the first new trial is done | ${resumed.untilTrial.toFixed(1)} |

The resumed search takes ${resumed.peakMb.toFixed(0)} MB at most, its trial host not counted.
`;
  writeFileSync(join(results, 'scale.md'), markdown);
  console.log(markdown);
}
