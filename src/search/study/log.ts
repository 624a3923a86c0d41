import type { Candidate } from '../../core/candidate.ts';
import { NasError } from '../../core/errors.ts';
import type { StudyEvent } from '../../core/event.ts';
import type { Json } from '../../core/json.ts';
import type { DoneOutcome, FailedOutcome } from '../../core/trial.ts';
import type { InitialTrial } from './proposer.ts';

/** What the loop keeps of an outcome: not the training curves. */
export type TrialEnd = DoneEnd | FailedEnd;
/** `metrics`: absent once everybody was told, so that a study of many trials stays small. */
export type DoneEnd = Pick<DoneOutcome, 'state' | 'rung'> & Partial<Pick<DoneOutcome, 'metrics'>>;
export type FailedEnd = Pick<FailedOutcome, 'state' | 'code' | 'message'>;

export function endOf(outcome: DoneOutcome | FailedOutcome): TrialEnd {
  if (outcome.state === 'failed') return { state: 'failed', code: outcome.code, message: outcome.message };
  const { metrics, rung } = outcome;
  return { state: 'done', metrics, ...(rung ? { rung } : {}) };
}

export interface LoggedTrial {
  readonly candidate: Candidate;
  readonly key: string;
  readonly origin: string;
  /** Numbers of its jobs, one for each rung; all but the last are finished. */
  readonly jobs: number[];
  /** A scheduler stopped it: that was said. */
  stopped: boolean;
}

/** One entry of the sequence in which everything is decided: a new trial, or a further rung of one. */
export interface LoggedJob {
  readonly trial: number;
  /** Of the trial's own rungs. */
  readonly rung: number;
  /** How often it was started in earlier sessions. */
  attempts: number;
  /** Undefined until it has finished. */
  end: TrialEnd | undefined;
}

export interface Snapshot {
  /** Jobs whose results the controller knows. */
  readonly told: number;
  readonly state: Json;
  /** See `Controller.stateVersion`. */
  readonly version: number;
}

/** What the loop needs to know of a study's past. */
export interface StudyLog {
  /** By trial number. */
  readonly trials: LoggedTrial[];
  /** In the order in which they were decided. */
  readonly jobs: LoggedJob[];
  /** Candidates that were queued, the tried ones among them. */
  readonly queued: InitialTrial[];
  /** The controller's last saved state. */
  snapshot: Snapshot | undefined;
  /** The look-ahead of the study's first session; undefined for a study that never ran. */
  lookAhead: number | undefined;
  /** Jobs below this number do not count as failures: a session that ended because of failures was started again. */
  forgiven: number;
  /** Commands from other processes that were carried out, as far as they changed the study. */
  readonly commands: Set<string>;
}

export const emptyLog = (): StudyLog => ({
  trials: [],
  jobs: [],
  queued: [],
  snapshot: undefined,
  lookAhead: undefined,
  forgiven: 0,
  commands: new Set(),
});

/** Folds a study's events; `recorded`: see `KeyFunction`. Throws STORE_CORRUPT for events that cannot follow one another. */
export function foldLog(study: string, events: Iterable<StudyEvent>, recorded = (key: string) => key): StudyLog {
  const log = emptyLog();
  for (const event of events) fold(study, log, event, recorded);
  return log;
}

/** Adds a new trial with its first job. */
export function addTrial(log: Pick<StudyLog, 'trials' | 'jobs'>, trial: Pick<LoggedTrial, 'candidate' | 'key' | 'origin'>): void {
  const { candidate, key, origin } = trial;
  log.trials.push({ candidate, key, origin, jobs: [log.jobs.length], stopped: false });
  log.jobs.push({ trial: log.trials.length - 1, rung: 0, attempts: 0, end: undefined });
}

/** Adds the job of a trial's next rung. */
export function addRung(log: Pick<StudyLog, 'trials' | 'jobs'>, trial: number): void {
  const { jobs } = log.trials[trial]!;
  log.jobs.push({ trial, rung: jobs.length, attempts: 0, end: undefined });
  jobs.push(log.jobs.length - 1);
}

/** The job that a trial is at. */
export const lastJob = (log: Pick<StudyLog, 'trials' | 'jobs'>, trial: number): LoggedJob =>
  log.jobs[log.trials[trial]!.jobs.at(-1)!]!;

function fold(study: string, log: StudyLog, event: StudyEvent, recorded: (key: string) => string): void {
  switch (event.type) {
    case 'asked':
      if (event.trial !== log.trials.length) throw corrupt(study, `trial ${event.trial} where ${log.trials.length} is next`);
      addTrial(log, { ...event, key: recorded(event.key) });
      break;
    case 'continued':
      if (!jobOf(study, log, event.trial).end) throw corrupt(study, `trial ${event.trial} went on before it was paused`);
      addRung(log, event.trial);
      break;
    case 'started':
      jobOf(study, log, event.trial).attempts = event.attempt;
      break;
    case 'finished':
      // An aborted trial runs again: only what ended by itself counts.
      if (event.outcome.state !== 'aborted') jobOf(study, log, event.trial).end = endOf(event.outcome);
      break;
    case 'stopped':
      jobOf(study, log, event.trial);
      log.trials[event.trial]!.stopped = true;
      break;
    case 'replicated':
      break;
    case 'snapshot':
      log.snapshot = { told: event.told, state: event.state, version: event.version ?? 1 };
      break;
    case 'queued':
      log.queued.push(...event.trials);
      break;
    case 'budget':
    case 'favourite':
      if (event.command !== undefined) log.commands.add(event.command);
      break;
    case 'session':
      foldSession(log, event.facts);
      break;
    default:
      event satisfies never;
  }
}

function foldSession(log: StudyLog, facts: Json): void {
  const { lookAhead, reason } = (facts ?? {}) as { readonly lookAhead?: number; readonly reason?: string };
  log.lookAhead ??= lookAhead;
  if (reason === 'failing') log.forgiven = log.jobs.length;
}

function jobOf(study: string, log: StudyLog, trial: number): LoggedJob {
  if (!log.trials[trial]) throw corrupt(study, `trial ${trial} went on without having been asked`);
  return lastJob(log, trial);
}

const corrupt = (study: string, found: string) =>
  new NasError(
    'STORE_CORRUPT',
    `the events of study "${study}" do not fit together: ${found}. Restore the database from a copy.`,
    {
      facts: { study, found },
    },
  );
