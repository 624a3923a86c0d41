import type { StudyEvent } from '../core/event.ts';

type Kind = 'number' | 'string' | 'boolean' | 'object';

/** What every event of a type has, whatever else it has. */
const shapes: Readonly<Record<StudyEvent['type'], Readonly<Record<string, Kind>>>> = {
  asked: { trial: 'number', candidate: 'object', key: 'string', origin: 'string' },
  queued: { trials: 'object' },
  continued: { trial: 'number', rung: 'number' },
  started: { trial: 'number', attempt: 'number', worker: 'number' },
  finished: { trial: 'number', outcome: 'object' },
  stopped: { trial: 'number', reason: 'string' },
  snapshot: { told: 'number' },
  replicated: { trial: 'number', replicate: 'number', seed: 'string', outcome: 'object' },
  budget: { trials: 'number' },
  favourite: { trial: 'number', favourite: 'boolean' },
  session: { phase: 'string' },
};

/** What an outcome of a state has. */
const outcomes: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  done: { metrics: 'object', seconds: 'number' },
  failed: { code: 'string', message: 'string', seconds: 'number' },
  aborted: { reason: 'string', seconds: 'number' },
};

/** Whether a value read from a file can be an event: a damaged byte may leave it JSON, and no event any more. */
export function isEvent(value: unknown): value is StudyEvent {
  if (!isRecord(value) || typeof value['at'] !== 'number') return false;
  const shape = own(shapes, value['type']);
  if (!shape || !fits(value, shape)) return false;
  const { outcome, trials } = value;
  if (value['type'] === 'queued')
    return Array.isArray(trials) && trials.every((trial) => isRecord(trial) && isRecord(trial['candidate']));
  return shape['outcome'] === undefined || (isRecord(outcome) && fits(outcome, own(outcomes, outcome['state'])));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = <T>(table: Readonly<Record<string, T>>, key: unknown): T | undefined =>
  typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;

const fits = (value: Readonly<Record<string, unknown>>, shape: Readonly<Record<string, Kind>> | undefined): boolean =>
  shape !== undefined && Object.entries(shape).every(([name, kind]) => typeof value[name] === kind && value[name] !== null);
