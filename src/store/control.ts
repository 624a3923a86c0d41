import { rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import {
  type CommandAnswer,
  type ControlChannel,
  parseCommand,
  type SentCommand,
  type StudyCommand,
  type StudyStatus,
} from '../core/control.ts';
import { exitCodes, NasError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { namedFile } from './named.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS commands (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    study TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    command TEXT NOT NULL,
    answer TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS statuses (study TEXT PRIMARY KEY, status TEXT NOT NULL) STRICT;
`;

/** The file beside a database of studies; all its studies share it. */
export const controlFileOf = (database: string): string => `${namedFile(database)}-control`;

/** Answered commands older than this are dropped. */
const keptMs = 3_600_000;
/** How long a sender waits for the file; the search does not. */
const patienceMs = 2000;

/**
 * A small database of its own, in write-ahead mode: who reads never holds up who writes, a process that is killed leaves it
 * whole, and the database of studies keeps its one writer. The side of the search makes the file, and replaces one that is
 * damaged: it holds nothing worth keeping. The other side changes nothing but its own commands.
 */
export function openControl(database: string, side: 'search' | 'watch'): ControlChannel {
  return new SqliteControl(controlFileOf(database), side);
}

interface CommandRow {
  readonly id: string;
  readonly command: string;
  readonly sentAt: number;
}

type Statements = ReturnType<typeof prepareStatements>;

class SqliteControl implements ControlChannel {
  readonly #file: string;
  readonly #side: 'search' | 'watch';
  #database: Database.Database | undefined;
  #statements: Statements | undefined;

  constructor(file: string, side: 'search' | 'watch') {
    this.#file = file;
    this.#side = side;
    if (side === 'search') this.#use(() => undefined);
  }

  waiting(study: string): readonly SentCommand[] {
    const rows = this.#use(({ waiting }) => waiting.all(study) as CommandRow[]) ?? [];
    return rows.flatMap(({ id, command: text, sentAt }) => {
      const command = parsed(text);
      if (command) return [{ id, command, sentAt }];
      this.answer(id, { done: false, message: 'The search does not know this command: it runs another version of espalier.' });
      return [];
    });
  }

  answer(id: string, answer: CommandAnswer): void {
    this.#use((statements) => statements.answer.run(JSON.stringify(answer), id));
  }

  publish(study: string, status: StudyStatus): void {
    this.#use((statements) => statements.publish.run(study, JSON.stringify(status)));
  }

  send(study: string, { id, command, sentAt }: SentCommand): void {
    const sent = this.#use((statements) => {
      statements.tidy.run(sentAt - keptMs);
      return statements.send.run(id, study, sentAt, JSON.stringify(command));
    });
    if (!sent) throw closed(this.#file);
  }

  answerOf(id: string): CommandAnswer | undefined {
    const text = this.#use(({ answerOf }) => answerOf.get(id) as string | null | undefined);
    return typeof text === 'string' ? (JSON.parse(text) as CommandAnswer) : undefined;
  }

  status(study: string): StudyStatus | undefined {
    const text = this.#use(({ status }) => status.get(study) as string | undefined);
    return text === undefined ? undefined : (JSON.parse(text) as StudyStatus);
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
    this.#statements = undefined;
  }

  /** What cannot be done now is not done: undefined. A file that is not there yet is looked for with every call. */
  #use<T>(work: (statements: Statements) => T): T | undefined {
    try {
      return work(this.#open());
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      if (isDamaged(error)) this.#startAnew();
      return undefined;
    }
  }

  #open(): Statements {
    if (this.#statements) return this.#statements;
    const searches = this.#side === 'search';
    const database = new Database(this.#file, { timeout: searches ? 0 : patienceMs, fileMustExist: !searches });
    this.#database = database;
    if (searches) {
      database.pragma('journal_mode = WAL');
      database.exec(schema);
    }
    database.pragma('synchronous = NORMAL');
    database.pragma('cache_size = -500'); // kB: there is one row, and few commands
    this.#statements = prepareStatements(database);
    return this.#statements;
  }

  #startAnew(): void {
    this.close();
    if (this.#side !== 'search') return;
    for (const end of ['', '-wal', '-shm']) rmSync(`${this.#file}${end}`, { force: true });
  }
}

function prepareStatements(database: Database.Database) {
  return {
    waiting: database.prepare(
      'SELECT id, command, sent_at AS sentAt FROM commands WHERE study = ? AND answer IS NULL ORDER BY number',
    ),
    answer: database.prepare('UPDATE commands SET answer = ? WHERE id = ?'),
    publish: database.prepare('INSERT OR REPLACE INTO statuses (study, status) VALUES (?, ?)'),
    tidy: database.prepare('DELETE FROM commands WHERE answer IS NOT NULL AND sent_at < ?'),
    send: database.prepare('INSERT OR IGNORE INTO commands (id, study, sent_at, command) VALUES (?, ?, ?, ?)'),
    answerOf: database.prepare('SELECT answer FROM commands WHERE id = ?').pluck(),
    status: database.prepare('SELECT status FROM statuses WHERE study = ?').pluck(),
  };
}

function parsed(text: string): StudyCommand | undefined {
  try {
    return parseCommand(JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

const isDamaged = ({ code }: { readonly code: string }) => /^SQLITE_(CORRUPT|NOTADB)/.test(code);

const closed = (file: string) =>
  new NasError('CONTROL_CLOSED', `the search cannot be reached: ${file} cannot be written. Use the keys of its own screen.`, {
    facts: { file },
    exitCode: exitCodes.failure,
  });
