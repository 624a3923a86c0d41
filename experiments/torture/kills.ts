/**
 * SIGKILL at random moments: of the orchestrator, of the trial host, of both. Complete small searches of the built command,
 * each killed a few times and resumed until it is done, must end like the one that nobody disturbed.
 *
 *   npm run build && npx tsx experiments/torture/kills.ts [--kills 200] [--seed 1]
 *
 * A trial whose host dies twice under it is taken for the cause and fails, whoever killed the host: so no session has its host
 * killed more than once. Writes results/torture/kills.json and kills.md (Linux: processes are found in /proc).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRng, type Rng } from '../../src/core/rng.ts';
import { machine } from '../search-quality/machine.ts';
import { type Inspection, inspect } from './inspect-study.ts';
import { type Arm, arms, type Kill, Session, type Target, targets } from './kill-session.ts';
import { writeToy } from './toy.ts';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } } });
const results = fileURLToPath(new URL('../../results/torture', import.meta.url));
const wanted = Number(values.kills);

interface Tally {
  searches: number;
  sessions: number;
  readonly kills: Record<Target, number>;
  /** How many kills fell before the study existed, and with so many of its trials finished. */
  early: number;
  /** Finished trials that were in the database right after a kill, summed over the kills. */
  survived: number;
  lost: number;
  duplicates: number;
  rerun: number;
  different: number;
  leftRunning: number;
  brokenModels: number;
}

const tally: Tally = {
  searches: 0,
  sessions: 0,
  kills: { orchestrator: 0, host: 0, both: 0 },
  early: 0,
  survived: 0,
  lost: 0,
  duplicates: 0,
  rerun: 0,
  different: 0,
  leftRunning: 0,
  brokenModels: 0,
};

const killed = () => targets.reduce((sum, target) => sum + tally.kills[target], 0);

const root = mkdtempSync(join(tmpdir(), 'espalier-kills-'));
try {
  const startedAt = performance.now();
  const references = new Map<Arm, { readonly digest: string; readonly seconds: number }>();
  for (const arm of arms) references.set(arm, await undisturbed(arm));
  for (let search = 0; killed() < wanted; search++) {
    const arm = arms[search % arms.length]!;
    await torture(arm, references.get(arm)!, createRng('kills', values.seed, search));
    console.log(`search ${search}: ${killed()} of ${wanted} kills, ${tally.different} differ, ${tally.lost} lost`);
  }
  report((performance.now() - startedAt) / 60_000);
  if (tally.lost + tally.duplicates + tally.different + tally.leftRunning + tally.brokenModels > 0) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function folderFor(name: string): Promise<string> {
  const folder = join(root, name);
  await writeToy(folder, { name: 'kills', epochs: 0.5 });
  return folder;
}

async function undisturbed(arm: Arm): Promise<{ digest: string; seconds: number }> {
  const folder = await folderFor(`${arm.name}-undisturbed`);
  const startedAt = performance.now();
  const session = new Session(folder, arm, 2);
  const { code, stderr } = await session.ended;
  const seconds = (performance.now() - startedAt) / 1000;
  const seen = inspect(folder);
  if (code !== 0 || !seen) throw new Error(`the undisturbed search failed: ${stderr}`);
  console.log(`${arm.name}: ${seen.finished.size} results in ${seconds.toFixed(1)} s undisturbed`);
  return { digest: seen.digest, seconds };
}

/** One search from its first start to its end. */
async function torture(arm: Arm, { digest, seconds }: { digest: string; seconds: number }, rng: Rng): Promise<void> {
  const folder = await folderFor(`search-${tally.searches++}`);
  let before: Inspection | undefined;
  for (let kills = 1 + rng.int(6); ; kills--) {
    const session = new Session(folder, arm, 1 + rng.int(2));
    tally.sessions++;
    for (const kill of kills > 0 ? planOf(rng, seconds) : []) await strike(session, kill);
    const { code, signal, stderr } = await session.ended;
    const seen = inspect(folder);
    compare(before, seen);
    before = seen;
    if (signal === 'SIGKILL') continue;
    if (code !== 0) throw new Error(`a session ended with exit code ${code}: ${stderr}`);
    break;
  }
  if (before?.digest !== digest) tally.different++;
  tally.leftRunning += before?.unfinished ?? 0;
  tally.brokenModels += before?.brokenModels ?? 0;
  rmSync(folder, { recursive: true, force: true });
}

/** Half of the moments are anywhere, the others just after the search said something. */
function planOf(rng: Rng, seconds: number): Kill[] {
  const moment = () =>
    rng.uniform() < 0.5
      ? { afterMs: rng.uniform() * seconds * 1000 }
      : { event: ['asked', 'started', 'finished', 'session'][rng.int(4)]!, count: 1 + rng.int(8), afterMs: rng.uniform() * 30 };
  const target = targets[rng.int(targets.length)]!;
  const first: Kill = { target, ...moment() };
  return target === 'host' && rng.uniform() < 0.5 ? [first, { target: 'orchestrator', afterMs: rng.uniform() * 1500 }] : [first];
}

async function strike(session: Session, kill: Kill): Promise<void> {
  const struck = await session.kill(kill);
  if (!struck) return;
  tally.kills[kill.target]++;
  if (kill.target === 'host') return;
  await session.ended;
  const seen = inspect(session.folder);
  if (seen) tally.survived += seen.finished.size;
  else tally.early++;
}

function compare(before: Inspection | undefined, seen: Inspection | undefined): void {
  for (const [job, outcome] of before?.finished ?? []) if (seen?.finished.get(job) !== outcome) tally.lost++;
  tally.duplicates += (seen?.duplicates ?? 0) - (before?.duplicates ?? 0);
  tally.rerun += (seen?.rerun ?? 0) - (before?.rerun ?? 0);
}

function report(minutes: number): void {
  mkdirSync(results, { recursive: true });
  const facts = { ...machine(), seed: values.seed, minutes, killed: killed(), ...tally };
  writeFileSync(join(results, 'kills.json'), `${JSON.stringify(facts, null, 2)}\n`);
  const markdown = `# SIGKILL at random moments

${facts.date}, ${facts.machine}. ${tally.searches} complete searches of a toy network (half of them with \`--scheduler asha\`, so with
checkpoints), 1 or 2 workers at random, killed and resumed until done; ${minutes.toFixed(0)} min, seed ${values.seed}.

| | |
|---|---|
| SIGKILLs | ${killed()}: ${tally.kills.orchestrator} of the orchestrator, ${tally.kills.host} of the trial host, ${tally.kills.both} of both |
| sessions | ${tally.sessions} |
| kills before the study was stored | ${tally.early} |
| finished results that were in the database after a kill, summed | ${tally.survived} |
| of these lost or changed later | ${tally.lost} |
| results recorded twice | ${tally.duplicates} |
| jobs that were under way at a kill, and ran again | ${tally.rerun} |
| searches that ended otherwise than the undisturbed one (candidates, metrics, bytes of every model) | ${tally.different} of ${tally.searches} |
| trials left running or waiting at the end | ${tally.leftRunning} |
| models that are missing or damaged at the end | ${tally.brokenModels} |
`;
  writeFileSync(join(results, 'kills.md'), markdown);
  console.log(markdown);
}
