import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metrics } from '../../src/core/objective.ts';
import type { Outcome } from '../../src/core/trial.ts';
import { trainingVersion } from '../../src/trial/setup.ts';
import type { Job } from './jobs.ts';

const folder = fileURLToPath(new URL('../../results/claims', import.meta.url));
mkdirSync(folder, { recursive: true });

export const resultPath = (name: string): string => join(folder, name);

const trialsFile = resultPath('trials.ndjson');
const timesFile = resultPath('times.json');

/** A line of trials.ndjson. */
export type TrialRecord = {
  readonly key: string;
  /** `trainingVersion` of the code that trained it. */
  readonly version: number;
  readonly row: string;
  readonly seed: number;
  readonly seconds: number;
} & (
  | {
      readonly state: 'done';
      /** On validation data; the rest follows from the file. */
      readonly metrics: Metrics;
      /** Accuracy on the test images. */
      readonly test: number;
      /** SHA-256 of the measured file. */
      readonly artefact: string;
    }
  | { readonly state: 'failed'; readonly code: string; readonly message: string }
);

export type DoneRecord = Extract<TrialRecord, { state: 'done' }>;

/** By the job's key; the last one of each counts. */
export function readTrials(): ReadonlyMap<string, TrialRecord> {
  if (!existsSync(trialsFile)) return new Map();
  const lines = readFileSync(trialsFile, 'utf8').split('\n');
  // A process that was killed while it wrote leaves half a line, which is measured again.
  const whole = lines.filter((line) => line.endsWith('}'));
  return new Map(whole.map((line) => JSON.parse(line) as TrialRecord).map((record) => [record.key, record]));
}

/** Keeps the outcome of a job; one that was stopped is no result. */
export function keep({ key, row, seed }: Job, outcome: Outcome): TrialRecord | undefined {
  if (outcome.state === 'aborted') return undefined;
  const seconds = Math.round(outcome.seconds * 10) / 10;
  const facts = { key, version: trainingVersion, row, seed, seconds };
  const record: TrialRecord =
    outcome.state === 'failed'
      ? { ...facts, state: 'failed', code: outcome.code, message: outcome.message }
      : {
          ...facts,
          state: 'done',
          metrics: outcome.metrics,
          test: outcome.test!['accuracy']!,
          artefact: outcome.artefact!.sha256,
        };
  appendFileSync(trialsFile, `${JSON.stringify(record)}\n`);
  return record;
}

/** What was timed, by row: in one go, so that it can be compared. */
export interface Times {
  readonly machine: { readonly processor: string; readonly cores: number; readonly load: number; readonly node: string };
  readonly latency: Readonly<Record<string, LatencyRecord>>;
  /** Milliseconds of a training step, of the row and of its dense network. */
  readonly steps: Readonly<Record<string, { readonly ms: number; readonly denseMs: number }>>;
}

/** One image on one thread, against the dense network. */
export interface LatencyRecord {
  readonly ms: number;
  readonly ratio: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
  readonly noisy: boolean;
}

export const readTimes = (): Times | undefined =>
  existsSync(timesFile) ? (JSON.parse(readFileSync(timesFile, 'utf8')) as Times) : undefined;

export const writeTimes = (times: Times): void => writeFileSync(timesFile, `${JSON.stringify(times, null, 2)}\n`);
