import { type PeerCache, type PeerProcess, type PeerTask, peerNames, startPeers } from './peers.ts';
import type { Start } from './starts.ts';

export interface PeerPlan {
  readonly starts: readonly Start[];
  readonly python: string;
  /** Processes at a time. */
  readonly jobs: number;
  readonly seeds: number;
  readonly trials: number;
  /** Which of them; all where left out. */
  readonly names?: readonly string[];
  readonly cache: PeerCache;
}

/**
 * Runs the peers that the cache lacks. By a few seeds at a time, the slow sampler after the others, each seed on all problems,
 * so that an early stop leaves a fair sample. Returns their versions; undefined where Python, Optuna or pymoo is missing.
 */
export async function runPeers(plan: PeerPlan): Promise<PeerProcess['versions'] | undefined> {
  const processes = await Promise.all(Array.from({ length: plan.jobs }, () => startPeers(plan.python)));
  const started = processes.filter((process) => process !== undefined);
  const versions = started[0]?.versions;
  try {
    if (!versions?.optuna || !versions.pymoo) return undefined;
    const queue = tasksOf(plan).filter((task) => !plan.cache.get(task, versions));
    await drain(queue, started, plan.cache);
    return versions;
  } finally {
    for (const process of started) process.close();
  }
}

const slow = peerNames.slice(-1);

/** Seeds for which all peers run before the next ones. */
const atOnce = 5;

function tasksOf({ starts, seeds, trials, names = peerNames }: PeerPlan): PeerTask[] {
  const asked = peerNames.filter((name) => names.includes(name));
  const [quick, dear] = [asked.filter((name) => !slow.includes(name)), asked.filter((name) => slow.includes(name))];
  const of = (names: readonly string[], some: readonly number[]) =>
    some.flatMap((seed) => starts.flatMap((start) => names.map((peer) => ({ ...start, peer, seed, trials }))));
  const all = Array.from({ length: seeds }, (_, i) => i + 1);
  const rounds = Array.from({ length: Math.ceil(seeds / atOnce) }, (_, i) => all.slice(i * atOnce, (i + 1) * atOnce));
  return rounds.flatMap((some) => [...of(quick, some), ...of(dear, some)]);
}

async function drain(queue: PeerTask[], processes: readonly PeerProcess[], cache: PeerCache): Promise<void> {
  const total = queue.length;
  const startedAt = performance.now();
  const work = async (process: PeerProcess) => {
    for (let task = queue.shift(); task; task = queue.shift()) {
      cache.add(task, process.versions, await process.run(task));
      const done = total - queue.length;
      if (done % 20 > 0) continue;
      const minutes = (performance.now() - startedAt) / 60_000;
      console.log(`peers: ${done} of ${total} runs, ${minutes.toFixed(1)} min, last ${task.peer} on ${task.problem.name}`);
    }
  };
  await Promise.all(processes.map(work));
}
