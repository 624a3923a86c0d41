import { NasError } from '../core/errors.ts';
import type { Outcome } from '../core/trial.ts';
import { SearchStopped, TrialStopped } from '../trial/protocol.ts';

/** Runs a trial and makes an outcome of whatever happens: nothing is thrown beyond here. */
export async function runJob(run: () => Promise<Outcome>): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    return withFiniteMetrics(await run());
  } catch (error) {
    return outcomeOf(error, (performance.now() - startedAt) / 1000);
  }
}

function withFiniteMetrics(outcome: Outcome): Outcome {
  if (outcome.state !== 'done') return outcome;
  const bad = Object.entries(outcome.metrics).filter(([, value]) => !Number.isFinite(value));
  if (bad.length === 0) return outcome;
  const message = `the trial measured ${bad.map(([name, value]) => `${name} = ${value}`).join(', ')}.`;
  return { state: 'failed', code: 'NOT_FINITE', message, seconds: outcome.seconds };
}

function outcomeOf(error: unknown, seconds: number): Outcome {
  if (error instanceof TrialStopped) {
    if (error.reason === 'stopped') return { state: 'aborted', reason: 'stopped', seconds };
    return { state: 'failed', code: 'DEADLINE', message: 'the trial did not end within its time.', seconds };
  }
  if (error instanceof SearchStopped) return { state: 'aborted', code: error.code, reason: error.message, seconds };
  const code = error instanceof NasError ? error.code : 'TRIAL_ERROR';
  return { state: 'failed', code, message: describe(error), seconds };
}

/** The message, and for an unforeseen error also where it was thrown. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof NasError) return error.message;
  const where = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
  return `${error.name}: ${error.message}${where ? ` ${where.trim()}` : ''}`;
}
