import type { Candidate } from '../../core/candidate.ts';
import { NasError } from '../../core/errors.ts';
import type { StudyEvent } from '../../core/event.ts';
import type { Json } from '../../core/json.ts';
import type { DoneOutcome, FailedOutcome } from '../../core/trial.ts';

/** What the loop keeps of an outcome: not the training curves. */
export type TrialEnd = DoneEnd | FailedEnd;
export type DoneEnd = Pick<DoneOutcome, 'state' | 'metrics'>;
export type FailedEnd = Pick<FailedOutcome, 'state' | 'code' | 'message'>;

export function endOf(outcome: DoneOutcome | FailedOutcome): TrialEnd {
  if (outcome.state === 'done') return { state: 'done', metrics: outcome.metrics };
  return { state: 'failed', code: outcome.code, message: outcome.message };
}

export interface LoggedTrial {
  readonly candidate: Candidate;
  readonly key: string;
  readonly origin: string;
  /** How often it was started in earlier sessions. */
  attempts: number;
  /** Undefined until it has finished. */
  end: TrialEnd | undefined;
}

export interface Snapshot {
  readonly told: number;
  readonly state: Json;
}

/** What the loop needs to know of a study's past. */
export interface StudyLog {
  /** By trial number. */
  readonly trials: LoggedTrial[];
  /** The controller's last saved state. */
  snapshot: Snapshot | undefined;
  /** The look-ahead of the study's first session; undefined for a study that never ran. */
  lookAhead: number | undefined;
  /** Trials below this number do not count as failures: a session that ended because of failures was started again. */
  forgiven: number;
}

/** Folds a study's events. Throws STORE_CORRUPT for events that cannot follow one another. */
export function foldLog(study: string, events: Iterable<StudyEvent>): StudyLog {
  const log: StudyLog = { trials: [], snapshot: undefined, lookAhead: undefined, forgiven: 0 };
  for (const event of events) fold(study, log, event);
  return log;
}

function fold(study: string, log: StudyLog, event: StudyEvent): void {
  switch (event.type) {
    case 'asked':
      if (event.trial !== log.trials.length) throw corrupt(study, `trial ${event.trial} where ${log.trials.length} is next`);
      log.trials.push({ candidate: event.candidate, key: event.key, origin: event.origin, attempts: 0, end: undefined });
      break;
    case 'started':
      trialOf(study, log, event.trial).attempts = event.attempt;
      break;
    case 'finished':
      // An aborted trial runs again: only what ended by itself counts.
      if (event.outcome.state !== 'aborted') trialOf(study, log, event.trial).end = endOf(event.outcome);
      break;
    case 'snapshot':
      log.snapshot = { told: event.told, state: event.state };
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
  if (reason === 'failing') log.forgiven = log.trials.length;
}

function trialOf(study: string, log: StudyLog, trial: number): LoggedTrial {
  const found = log.trials[trial];
  if (!found) throw corrupt(study, `trial ${trial} went on without having been asked`);
  return found;
}

const corrupt = (study: string, found: string) =>
  new NasError(
    'STORE_CORRUPT',
    `the events of study "${study}" do not fit together: ${found}. Restore the database from a copy.`,
    {
      facts: { study, found },
    },
  );
