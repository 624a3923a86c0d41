import { readFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { decode } from '../../src/network/ir/bytes/decode.ts';
import { artefactPath } from '../../src/trial/artefacts.ts';
import { measure } from '../../src/trial/measure.ts';
import { prepare } from '../../src/trial/prepare.ts';
import type { TrialHooks } from '../../src/trial/protocol.ts';
import { runTrial } from '../../src/trial/run-trial.ts';
import type { SharedTrialData } from '../../src/trial/shared.ts';
import type { Job } from './jobs.ts';
import { networkNames } from './networks.ts';
import { type LatencyRecord, readTimes, readTrials, type Times, writeTimes } from './results.ts';
import { rows } from './rows/index.ts';
import { engineHere, modelFolder, setupOf } from './run.ts';

/** Nothing runs beside it. */
const quiet: TrialHooks = {
  progress: () => undefined,
  checkpoint: () => undefined,
  exclusive: (work) => work(true),
  gpu: (work) => work(),
};

/**
 * Times the kept file of every job's row (one seed of it: weights do not change the time) and the training steps of those that
 * are to be timed, each in turns with its dense network. Rows that are not among the jobs keep the times that they have.
 */
export async function measureTimes(jobs: readonly Job[], say: (line: string) => void): Promise<void> {
  const engine = await engineHere();
  const before = readTimes();
  const latency: Record<string, LatencyRecord> = { ...before?.latency };
  const steps: Record<string, { ms: number; denseMs: number }> = { ...before?.steps };
  const known = readTrials();
  for (const network of networkNames) {
    const own = firstDone(
      jobs.filter((job) => job.network === network),
      known,
    );
    if (own.length === 0) continue;
    const seed = own[0]!.job.seed;
    const { shared } = await prepare(setupOf(network, seed, engine, 1), quiet);
    for (const { job, artefact } of own) {
      const found = await latencyOf(artefact, shared);
      if (!found) say(`${job.row}: its file is not on this machine; it keeps the time that it has`);
      else {
        latency[job.row] = found;
        say(`${job.row}: ${(1 / found.ratio).toFixed(2)} times as fast${found.noisy ? ' (noisy)' : ''}`);
      }
    }
    for (const { job } of own.filter(({ job }) => rows.get(job.row)?.timed)) {
      steps[job.row] = await stepsOf(job, shared);
      say(`${job.row}: ${(steps[job.row]!.ms / steps[job.row]!.denseMs).toFixed(2)} times as long a training step`);
    }
  }
  const machine = {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0]!,
    node: process.version,
  };
  writeTimes({ machine, latency, steps } satisfies Times);
}

/** Of every row the first seed that is done. Controls have the shape of their row. */
function firstDone(jobs: readonly Job[], known: ReturnType<typeof readTrials>): { job: Job; artefact: string }[] {
  const first = new Map<string, { job: Job; artefact: string }>();
  for (const job of jobs) {
    const record = known.get(job.key);
    if (record?.state === 'done' && rows.has(job.row) && !first.has(job.row))
      first.set(job.row, { job, artefact: record.artefact });
  }
  return [...first.values()];
}

async function latencyOf(artefact: string, shared: SharedTrialData): Promise<LatencyRecord | undefined> {
  const file = await readFile(artefactPath(modelFolder, artefact)).catch(() => undefined);
  if (!file) return undefined;
  const bytes = new Uint8Array(file);
  const setup = { ...shared.setup, metrics: ['latencyRatio'] };
  const { details } = await measure(decode(bytes), bytes, { ...shared, setup }, quiet);
  const { medianMs, ratio, ratioLow, ratioHigh, noisy } = details['latency'] as unknown as LatencyRecord & { medianMs: number };
  return { ms: medianMs, ratio, ratioLow, ratioHigh, noisy };
}

/** Training steps that are timed in each turn, after as many that are not. */
const stepCount = 30;
const turns = 3;

async function stepsOf({ plan, seed }: Job, shared: SharedTrialData): Promise<{ ms: number; denseMs: number }> {
  const times = { own: [] as number[], dense: [] as number[] };
  for (let turn = 0; turn < turns; turn++) {
    times.own.push(...(await stepTimes({ plan, fresh: false, seed }, shared)));
    times.dense.push(...(await stepTimes({ plan: { recipe: {}, techniques: {} }, fresh: true, seed }, shared)));
  }
  return { ms: median(times.own), denseMs: median(times.dense) };
}

/** Milliseconds from step to step of a short trial, the first half left out. */
async function stepTimes(job: Pick<Job, 'plan' | 'fresh' | 'seed'>, shared: SharedTrialData): Promise<number[]> {
  const stamps: number[] = [];
  const hooks: TrialHooks = { ...quiet, progress: ({ stage }) => stage === 'train' && stamps.push(performance.now()) };
  const { batchSize } = shared.setup.trial as { readonly batchSize: number };
  const plan = { ...job.plan, recipe: { ...job.plan.recipe, epochs: (2 * stepCount * batchSize) / shared.dataset.train.count } };
  const setup = { ...shared.setup, metrics: ['size'] };
  const outcome = await runTrial(
    { trial: 0, attempt: 1, seed: `times/${job.seed}`, plan, fresh: job.fresh },
    { ...shared, setup },
    hooks,
  );
  if (outcome.state === 'failed') throw new Error(outcome.message);
  return stamps.slice(stepCount).map((stamp, i) => stamp - stamps[stepCount - 1 + i]!);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
