import type { PastEvent, StudyEvent } from './event.ts';
import type { Json } from './json.ts';

/** A study as it was created: what it searches, and with what seed. Never changes. */
export interface StudyRecord {
  readonly name: string;
  readonly createdAt: number;
  readonly seed: string;
  readonly controller: string;
  /** The space file's text as it was given, its path for messages, and the hash of what it resolves to. */
  readonly space: { readonly file: string; readonly text: string; readonly hash: string };
  /** Versions, look-ahead and whatever else a reproduction needs. */
  readonly facts: Json;
}

/**
 * Where studies live. One writer at a time per study (`lease`); readers may read at any time and never block it.
 *
 * - Calls are synchronous and come from the orchestrator's main thread only; workers never open the store.
 * - When `append` returns, all its events are durable (they survive SIGKILL), all or none.
 * - Throws `NasError`: STORE_EXISTS, STORE_MISSING, STORE_VERSION, STORE_CORRUPT, STORE_LOCKED (a second search on the
 *   same study), STORE_FULL, STORE_READONLY, STORE_FOREIGN (a file of another program), STORE_NAME (no file can have it),
 *   STORE_GONE (removed while it was written to), STORE_IO.
 */
export interface TrialStore {
  create(study: StudyRecord): void;
  find(name: string): StudyRecord | undefined;
  list(): readonly StudyRecord[];
  append(study: string, events: readonly StudyEvent[]): void;
  /** Events in the order they were appended, from the given position on (0: all). */
  events(study: string, from?: number): Iterable<StudyEvent>;
  /** Those of these types alone, in order. */
  eventsOf<T extends StudyEvent['type']>(study: string, types: readonly T[]): readonly Extract<StudyEvent, { type: T }>[];
  /** The one at that position; undefined where there is none yet. */
  event(study: string, position: number): StudyEvent | undefined;
  /**
   * What these events come to, without what only a close look needs, for screens of large studies: no candidates and keys of
   * asked trials (they are empty), no details of finished ones. A trial that was asked, started and finished may be one event;
   * where it is, those that have not finished yet may come after it.
   */
  outline(study: string, from?: number): Iterable<Outlined>;
  /** Takes the right to write the study, held until `release()` or the death of this process. */
  lease(study: string): Lease;
  /** Who holds the lease of the study; undefined where nobody does (a process that died holds nothing). */
  holder(study: string): LeaseHolder | undefined;
  close(): void;
}

/** An event of an outline, and where it stands in the study. */
export interface Outlined {
  readonly event: StudyEvent | PastEvent;
  readonly position: number;
  /** Where the `asked` of a trial stands that is told as a whole. */
  readonly asked?: number;
}

export interface Lease {
  release(): void;
}

export interface LeaseHolder {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}
