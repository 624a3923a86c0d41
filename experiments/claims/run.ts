import { dirname, join } from 'node:path';
import { chooseEngineHere } from '../../src/cli/engine.ts';
import { baselineFolder } from '../../src/cli/folders.ts';
import { defaultMemoryMb } from '../../src/cli/setup.ts';
import type { Json } from '../../src/core/json.ts';
import type { Progress } from '../../src/core/trial.ts';
import { createPoolExecutor } from '../../src/executors/index.ts';
import type { EngineChoice } from '../../src/network/engine/choice.ts';
import type { TrialSetup } from '../../src/trial/setup.ts';
import type { Job } from './jobs.ts';
import { type NetworkName, networkNames, networks } from './networks.ts';
import { keep } from './results.ts';

/** Measured files are kept here, so that they can be timed later. */
export const modelFolder = join(dirname(baselineFolder()), 'claims');

/** A seed's network, with the dense one that belongs to it. */
export const setupOf = (network: NetworkName, seed: number, engine: EngineChoice, threads: number): TrialSetup => {
  const { model, data, baseline, trial, baselines } = networks[network];
  return {
    model,
    data,
    baseline,
    trial,
    metrics: ['accuracy', 'size', 'macs', 'expectedMacs', 'params'],
    artefactFolder: modelFolder,
    baselineFolder: baselineFolder(),
    baselineSeed: `claims/${((seed - 1) % baselines) + 1}`,
    threads,
    engine,
  };
};

/** The engine of all claims: onnxruntime on the CPU, by the better lowering that works here. */
export const engineHere = (): Promise<EngineChoice> => chooseEngineHere({ engine: 'onnxruntime', device: 'cpu' });

export interface RunOptions {
  readonly workers: number;
  readonly say: (line: string) => void;
}

interface PoolOptions extends RunOptions {
  readonly signal: AbortSignal;
}

/** Runs the jobs, seed by seed and network by network, in a pool of their own. Keeps every result as soon as it is there. Ctrl-C ends it. */
export async function runJobs(jobs: readonly Job[], options: RunOptions): Promise<void> {
  const engine = await engineHere();
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  for (const seed of new Set(jobs.map((job) => job.seed))) {
    for (const network of networkNames) {
      const own = jobs.filter((job) => job.seed === seed && job.network === network);
      if (own.length === 0 || interrupt.signal.aborted) continue;
      await runPool(own, setupOf(network, seed, engine, options.workers), { ...options, signal: interrupt.signal });
    }
  }
}

async function runPool(jobs: readonly Job[], setup: TrialSetup, { workers, say, signal }: PoolOptions): Promise<void> {
  const byName = new Map(jobs.map((job) => [job.row, job]));
  const executor = createPoolExecutor({
    slots: workers,
    setup: setup as unknown as Json,
    planOf: ({ row }) => byName.get(String(row))!.plan,
    maxRssMb: defaultMemoryMb(),
    warn: say,
  });
  const stop = () => executor.stop();
  signal.addEventListener('abort', stop);
  try {
    say(`${jobs[0]!.network}, seed ${jobs[0]!.seed}: ${jobs.length} to train`);
    await executor.open(inTenths(say));
    await Promise.all(
      jobs.map(async (job, trial) => {
        const { row, seed, fresh } = job;
        const request = { trial, attempt: 1, candidate: { row }, seed: `claims/${seed}/trial`, test: true, fresh };
        const record = keep(job, await executor.run(request, { started: () => undefined, progress: () => undefined }));
        if (record) say(`${row}, seed ${seed}: ${record.state === 'done' ? record.test : record.message} (${record.seconds} s)`);
      }),
    );
  } finally {
    signal.removeEventListener('abort', stop);
    await executor.close();
  }
}

/** Says every tenth of the training of a dense network. */
function inTenths(say: RunOptions['say']): (progress: Progress) => void {
  let said = 0;
  return ({ stage, done, total }) => {
    const tenth = Math.floor((10 * done) / total);
    if (stage !== 'baseline' || tenth <= said) return;
    said = tenth;
    say(`dense network: ${10 * tenth} %`);
  };
}
