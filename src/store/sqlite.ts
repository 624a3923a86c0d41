import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { exitCodes, NasError } from '../core/errors.ts';
import type { StudyEvent } from '../core/event.ts';
import type { Json } from '../core/json.ts';
import type { Lease, LeaseHolder, Outlined, StudyRecord, TrialStore } from '../core/store.ts';
import { checkPages } from './check.ts';
import { existingStudy, guard, missingStudy } from './errors.ts';
import { isEvent } from './event-shape.ts';
import { checkVersion, inspectFile } from './header.ts';
import { isLocked, takeLock } from './lease.ts';
import { namedFile } from './named.ts';
import { bareAsked, type OutlineRow, outlineColumns, outlined } from './outline.ts';
import { applicationId, migrations } from './schema.ts';

type StoreMode = 'read' | 'write';

/**
 * Opens the studies of an SQLite file. `write` creates the file where there is none, and looks at every page of one that is there;
 * `read` never creates one, and never blocks or is blocked by the writer.
 *
 * Durability: every append survives SIGKILL (write-ahead log). What cannot be had again is flushed to the disk as
 * well and survives a power cut (finished trials, snapshots, sessions, with all that was appended before them);
 * `asked` and `started` alone are not, since a resumed search asks the same again.
 *
 * Throws the codes of `TrialStore`; a file that is not ours is left untouched.
 */
export function openStore(file: string, { mode }: { readonly mode: StoreMode }): TrialStore {
  const found = inspectFile(file);
  if (mode === 'read' && found !== 'ours') {
    throw new NasError(
      'STORE_MISSING',
      `${file}: ${found === 'empty' ? 'it is empty' : 'there is no such file'}. Name the file of a search with --db, or begin with nas search --space quick.yaml.`,
      {
        facts: { file },
      },
    );
  }
  return guard(file, () => {
    const database = new Database(file, { readonly: mode === 'read', fileMustExist: mode === 'read', timeout: busyTimeoutMs });
    try {
      if (mode === 'write' && found === 'ours') checkPages(file, database);
      if (mode === 'write') prepareForWriting(database);
      checkVersion(file, versionOf(database));
      return new SqliteStore(file, database);
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

const busyTimeoutMs = 10_000;
const eventsPerPage = 1000;

const versionOf = (database: Database.Database) => database.pragma('user_version', { simple: true }) as number;

/** Brings the schema up to date in one transaction, then turns the write-ahead log on. */
function prepareForWriting(database: Database.Database): void {
  const migrate = database.transaction(() => {
    const version = versionOf(database);
    if (version >= migrations.length) return;
    for (const step of migrations.slice(version)) database.exec(step);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${migrations.length}`);
  });
  if (versionOf(database) < migrations.length) migrate.immediate();
  database.pragma('journal_mode = WAL');
  database.pragma('foreign_keys = ON');
  // In kB, of 16 MB: what was written is not read again.
  database.pragma('cache_size = -2000');
}

interface StudyRow {
  readonly name: string;
  readonly created_at: number;
  readonly seed: string;
  readonly controller: string;
  readonly space_file: string;
  readonly space_text: string;
  readonly space_hash: string;
  readonly facts: string;
}

class SqliteStore implements TrialStore {
  readonly #file: string;
  /** Where it lay when it was opened, wherever this process goes, and what lay there. */
  readonly #place: string;
  readonly #inode: number | undefined;
  readonly #database: Database.Database;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #append: (id: number, events: readonly StudyEvent[]) => void;
  readonly #ids = new Map<string, number>();
  readonly #leases = new Set<Lease>();
  #flushing: boolean | undefined;

  constructor(file: string, database: Database.Database) {
    this.#file = file;
    this.#place = resolve(file);
    this.#inode = inodeOf(this.#place);
    this.#database = database;
    this.#statements = prepareStatements(database);
    const { nextPosition, insertEvent } = this.#statements;
    const append = database.transaction((id: number, events: readonly StudyEvent[]) => {
      let position = nextPosition.get(id) as number;
      for (const event of events) {
        const trial = 'trial' in event ? event.trial : null;
        insertEvent.run(id, position++, event.type, trial, JSON.stringify(event));
      }
    });
    this.#append = (id, events) => append.immediate(id, events);
  }

  create(study: StudyRecord): void {
    const { name, createdAt, seed, controller, space, facts } = study;
    const insert = this.#database.transaction(() => {
      if (this.#statements.findStudy.get(name)) throw existingStudy(name);
      this.#statements.insertStudy.run(
        name,
        createdAt,
        seed,
        controller,
        space.file,
        space.text,
        space.hash,
        JSON.stringify(facts),
      );
    });
    guard(this.#file, () => {
      this.#flush(true);
      insert.immediate();
    });
  }

  find(name: string): StudyRecord | undefined {
    return guard(this.#file, () => {
      const row = this.#statements.findStudy.get(name) as StudyRow | undefined;
      return row && this.#toRecord(row);
    });
  }

  list(): readonly StudyRecord[] {
    return guard(this.#file, () => (this.#statements.listStudies.all() as StudyRow[]).map((row) => this.#toRecord(row)));
  }

  append(study: string, events: readonly StudyEvent[]): void {
    const id = this.#idOf(study);
    guard(this.#file, () => {
      this.#checkThere();
      this.#flush(events.some(({ type }) => type !== 'asked' && type !== 'started'));
      this.#append(id, events);
    });
  }

  events(study: string, from = 0): Iterable<StudyEvent> {
    return this.#parsed(this.#pages<string>(this.#statements.readEvents, this.#idOf(study), from));
  }

  eventsOf<T extends StudyEvent['type']>(study: string, types: readonly T[]): Extract<StudyEvent, { type: T }>[] {
    const id = this.#idOf(study);
    const found = guard(this.#file, () => this.#statements.readTypes.all(id, JSON.stringify(types)) as string[]);
    return found.map((json) => this.#parse(json) as Extract<StudyEvent, { type: T }>);
  }

  event(study: string, position: number): StudyEvent | undefined {
    const id = this.#idOf(study);
    const [json] = guard(this.#file, () => this.#statements.readEvents.all(id, position, 1) as string[]);
    return json === undefined ? undefined : this.#parse(json);
  }

  outline(study: string, from = 0): Iterable<Outlined> {
    const id = this.#idOf(study);
    const { readOutline, readAsked } = this.#statements;
    const asked = (position: number) => guard(this.#file, () => readAsked.get(id, position) as string);
    return outlined(this.#pages<OutlineRow>(readOutline, id, from), { asked, parse: (json) => this.#parse(json) });
  }

  *#parsed(rows: Iterable<string>): Iterable<StudyEvent> {
    for (const json of rows) yield this.#parse(json);
  }

  /** Page by page, so that no read transaction stays open while the caller works: it would keep the log from shrinking. */
  *#pages<Row>(statement: Database.Statement, id: number, from: number): Iterable<Row> {
    for (let position = from; ; position += eventsPerPage) {
      const page = guard(this.#file, () => statement.all(id, position, eventsPerPage) as Row[]);
      yield* page;
      if (page.length < eventsPerPage) return;
    }
  }

  lease(study: string): Lease {
    const id = this.#idOf(study);
    const unlock = guard(this.#file, () => takeLock(this.#leaseFile(id)));
    if (!unlock) throw this.#lockedBy(study, id);
    const lease = {
      release: () => {
        if (!this.#leases.delete(lease)) return;
        unlock();
      },
    };
    this.#leases.add(lease);
    guard(this.#file, () => this.#statements.setHolder.run(id, process.pid, hostname(), Date.now()));
    return lease;
  }

  holder(study: string): LeaseHolder | undefined {
    const id = this.#idOf(study);
    return guard(this.#file, () => {
      if (!isLocked(this.#leaseFile(id))) return undefined;
      return this.#statements.getHolder.get(id) as LeaseHolder | undefined;
    });
  }

  close(): void {
    if (!this.#database.open) return;
    for (const lease of this.#leases) lease.release();
    if (!this.#database.readonly) this.#tidy();
    this.#database.close();
  }

  /** Back to a single file without a log beside it, where no other process reads: it can be copied, or read from a read-only disk. */
  #tidy(): void {
    try {
      this.#database.pragma('busy_timeout = 0');
      this.#database.pragma('journal_mode = DELETE');
    } catch {
      // Somebody reads or writes: the log stays, and the next search tidies up.
    }
  }

  /** A file that was removed, or renamed, takes what is written all the same, and nobody finds it there. */
  #checkThere(): void {
    if (inodeOf(this.#place) !== this.#inode) throw gone(this.#file);
  }

  /** Whether the next commits wait for the disk (power cut) or for the system's cache (SIGKILL). */
  #flush(flushing: boolean): void {
    if (this.#flushing === flushing) return;
    this.#database.pragma(`synchronous = ${flushing ? 'FULL' : 'NORMAL'}`);
    this.#flushing = flushing;
  }

  #idOf(study: string): number {
    const known = this.#ids.get(study);
    if (known !== undefined) return known;
    const id = guard(this.#file, () => this.#statements.findId.get(study) as number | undefined);
    if (id === undefined) {
      const names = this.list().map(({ name }) => name);
      throw missingStudy(study, names);
    }
    this.#ids.set(study, id);
    return id;
  }

  #parse(json: string): StudyEvent {
    const event = parsed(json);
    if (isEvent(event)) return event;
    throw damaged(this.#file, 'an event', json);
  }

  #toRecord(row: StudyRow): StudyRecord {
    const facts = parsed(row.facts);
    if (facts === undefined) throw damaged(this.#file, 'a study', row.facts);
    return {
      name: row.name,
      createdAt: row.created_at,
      seed: row.seed,
      controller: row.controller,
      space: { file: row.space_file, text: row.space_text, hash: row.space_hash },
      facts: facts as Json,
    };
  }

  #leaseFile(id: number): string {
    return `${namedFile(this.#file)}-lease-${id}`;
  }

  #lockedBy(study: string, id: number): NasError {
    const holder = this.#statements.getHolder.get(id) as LeaseHolder | undefined;
    const by = holder
      ? `process ${holder.pid} on ${holder.host} since ${new Date(holder.since).toISOString()}`
      : 'another process';
    return new NasError('STORE_LOCKED', `study "${study}" is held by ${by}, which searches it or works on it.`, {
      facts: { study, ...holder },
    });
  }
}

function prepareStatements(database: Database.Database) {
  const study = 'name, created_at, seed, controller, space_file, space_text, space_hash, facts';
  return {
    insertStudy: database.prepare(`INSERT INTO studies (${study}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
    findStudy: database.prepare(`SELECT ${study} FROM studies WHERE name = ?`),
    listStudies: database.prepare(`SELECT ${study} FROM studies ORDER BY id`),
    findId: database.prepare('SELECT id FROM studies WHERE name = ?').pluck(),
    nextPosition: database.prepare('SELECT coalesce(max(position) + 1, 0) FROM events WHERE study = ?').pluck(),
    insertEvent: database.prepare('INSERT INTO events (study, position, type, trial, json) VALUES (?, ?, ?, ?, ?)'),
    readEvents: database.prepare('SELECT json FROM events WHERE study = ? AND position >= ? ORDER BY position LIMIT ?').pluck(),
    readTypes: database
      .prepare('SELECT json FROM events WHERE study = ? AND type IN (SELECT value FROM json_each(?)) ORDER BY position')
      .pluck(),
    readOutline: database
      .prepare(`SELECT ${outlineColumns} FROM events WHERE study = ? AND position >= ? ORDER BY position LIMIT ?`)
      .raw(),
    readAsked: database.prepare(`SELECT ${bareAsked} FROM events WHERE study = ? AND position = ?`).pluck(),
    setHolder: database.prepare('INSERT OR REPLACE INTO leases (study, pid, host, since) VALUES (?, ?, ?, ?)'),
    getHolder: database.prepare('SELECT pid, host, since FROM leases WHERE study = ?'),
  };
}

const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;

/** Undefined where it is no JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const damaged = (file: string, what: string, json: string) =>
  new NasError('STORE_CORRUPT', `${file}: ${what} is damaged. Restore the file from a copy.`, {
    facts: { file, json: json.slice(0, 200) },
  });

const gone = (file: string) =>
  new NasError(
    'STORE_GONE',
    `${file}: it was removed, renamed or replaced while its study was searched: what is found from now on would be lost. Put it back with the files beside it, and run the same command again.`,
    { facts: { file }, exitCode: exitCodes.failure },
  );
