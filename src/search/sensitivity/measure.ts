import type { Candidate } from '../../core/candidate.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Executor } from '../../core/executor.ts';
import type { Metrics } from '../../core/objective.ts';
import type { Outcome } from '../../core/trial.ts';
import { ended } from '../../core/words.ts';
import type { Probe } from './probes.ts';

/** What one choice costs on its own. Plain data: it is kept in a file. */
export interface ProbeResult extends Probe {
  /** accuracy, loss (mean cross-entropy), size, macs, expectedMacs, params; absent where the probe failed. */
  readonly metrics?: Metrics;
  /** Why it failed. */
  readonly failure?: string;
}

export interface Sensitivity {
  /** The network that nothing was done to. */
  readonly base: Metrics;
  readonly probes: readonly ProbeResult[];
  /** Validation images that each was measured on. */
  readonly images: number;
  /** How long all of it took, and how much of the workers' time. */
  readonly seconds: number;
  readonly workerSeconds: number;
}

export interface SensitivityParts {
  /** Open. */
  readonly executor: Executor;
  readonly base: Candidate;
  readonly probes: readonly Probe[];
  readonly images: number;
  /** After every probe: so many of all are done. */
  readonly progress: (done: number, total: number) => void;
}

/**
 * Measures every probe without training, as many at a time as the executor has slots. Undefined where it was stopped. Throws
 * NasError BASELINE_FAILED where the network as it is cannot be measured.
 */
export async function measureSensitivity(parts: SensitivityParts): Promise<Sensitivity | undefined> {
  const { executor, base, probes, images, progress } = parts;
  const startedAt = performance.now();
  let done = 0;
  const listener = { started: () => undefined, progress: () => undefined };
  const run = async (candidate: Candidate, trial: number) => {
    const request = { trial, attempt: 1, candidate, seed: `sensitivity/${trial}`, probe: { images } };
    const outcome = await executor.run(request, listener);
    progress(++done, probes.length + 1);
    return outcome;
  };
  const [dense, ...outcomes] = await Promise.all([base, ...probes.map(({ candidate }) => candidate)].map(run));
  if ([dense!, ...outcomes].some(({ state }) => state === 'aborted')) return undefined;
  const { metrics, failure } = resultOf(dense!);
  if (!metrics) {
    const message = `the network as it is cannot be measured, so that nothing can be compared with it: ${ended(failure!)}`;
    throw new NasError('BASELINE_FAILED', message, { exitCode: exitCodes.failure });
  }
  return {
    base: metrics,
    probes: probes.map((probe, i) => ({ ...probe, ...resultOf(outcomes[i]!) })),
    images,
    seconds: (performance.now() - startedAt) / 1000,
    workerSeconds: [dense!, ...outcomes].reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

const resultOf = (outcome: Outcome): Pick<ProbeResult, 'metrics' | 'failure'> =>
  outcome.state === 'done'
    ? { metrics: outcome.metrics }
    : { failure: outcome.state === 'failed' ? `${outcome.code}: ${outcome.message}` : outcome.reason };
