import type { CurvePoint } from './curve.ts';
import type { Json } from './json.ts';
import type { Progress } from './trial.ts';

/**
 * What a person may ask of a study while it runs, from the screen of the search or from another terminal. Plain data. Each says
 * how things are to be, not how they are to change, apart from `add-trials`: once is the same as twice.
 */
export type StudyCommand =
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Ends the search; it can be resumed. */
  | { readonly type: 'stop' }
  /** Ends one running trial for good. */
  | { readonly type: 'stop-trial'; readonly trial: number }
  /** Negative: fewer, but never fewer than there are already. */
  | { readonly type: 'add-trials'; readonly trials: number }
  /** Of the running session in all, like `--time`; null: no limit. */
  | { readonly type: 'time'; readonly seconds: number | null }
  | { readonly type: 'favourite'; readonly trial: number; readonly favourite: boolean };

/** Whether a command was carried out, and a line about it for people. */
export interface CommandAnswer {
  readonly done: boolean;
  readonly message: string;
}

/** What a running search tells others about itself beside its events: it passes, and is kept nowhere. */
export interface StudyStatus {
  /** Milliseconds since the epoch, of the last change. */
  readonly at: number;
  readonly paused: boolean;
  readonly workers: number;
  readonly budget: { readonly trials: number; readonly seconds: number | null };
  /** What every busy worker is at. */
  readonly running: readonly RunningTrial[];
}

export interface RunningTrial {
  readonly worker: number;
  readonly trial: number;
  readonly progress: Progress;
  /** Of its training so far. */
  readonly curve: readonly CurvePoint[];
}

/** A command on its way. `id`: whoever sends it twice means it once. */
export interface SentCommand {
  readonly id: string;
  readonly command: StudyCommand;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
}

/**
 * Between the search that runs a study (one, the holder of its lease) and any number of other processes that look at it. It
 * carries nothing that the study needs: whatever happens to it, the search goes on and its events are the truth.
 *
 * Calls are synchronous and short; the side of the search never waits for the other side. A call that cannot be served now
 * (the other side is just writing, the disk is full) is as if it had not been made; the next one may be.
 */
export interface ControlChannel {
  // The side of the search.

  /** Commands that wait for an answer, in the order in which they were sent. */
  waiting(study: string): readonly SentCommand[];
  answer(id: string, answer: CommandAnswer): void;
  publish(study: string, status: StudyStatus): void;

  // The other side.

  /** Throws NasError CONTROL_CLOSED where nothing can be sent. */
  send(study: string, sent: SentCommand): void;
  /** Undefined while there is none. */
  answerOf(id: string): CommandAnswer | undefined;
  /** What the search said last, also where it has died since: ask the lease. */
  status(study: string): StudyStatus | undefined;

  close(): void;
}

/** Commands come from another process: checked before anything is done with them. */
export function parseCommand(json: Json): StudyCommand | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const fields = json as Fields;
  const { type } = fields;
  return typeof type === 'string' ? parsers.get(type)?.(fields) : undefined;
}

type Fields = Readonly<Record<string, Json>>;

const parsers: ReadonlyMap<string, (fields: Fields) => StudyCommand | undefined> = new Map<
  string,
  (fields: Fields) => StudyCommand | undefined
>([
  ['pause', () => ({ type: 'pause' })],
  ['resume', () => ({ type: 'resume' })],
  ['stop', () => ({ type: 'stop' })],
  ['stop-trial', ({ trial }) => (isWhole(trial) ? { type: 'stop-trial', trial } : undefined)],
  ['add-trials', ({ trials }) => (Number.isSafeInteger(trials) ? { type: 'add-trials', trials: trials as number } : undefined)],
  ['time', ({ seconds }) => (seconds === null || isPositive(seconds) ? { type: 'time', seconds } : undefined)],
  [
    'favourite',
    ({ trial, favourite }) =>
      isWhole(trial) && typeof favourite === 'boolean' ? { type: 'favourite', trial, favourite } : undefined,
  ],
]);

const isWhole = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isPositive = (value: Json | undefined): value is number => typeof value === 'number' && value > 0;
