import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { storeError } from '../../src/store/errors.ts';
import { checkFile, openStore } from '../../src/store/index.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { asked, finished, recordOf, started, temporaryFolder } from './harness.ts';

const worker = fileURLToPath(new URL('../fixtures/worker-store.ts', import.meta.url));
const withCode = (code: string, message: string) => expect.objectContaining({ code, message: expect.stringContaining(message) });

function newFile(): string {
  return join(temporaryFolder(), 'studies.db');
}

/** A closed database with one study of one trial. */
function writtenFile(): string {
  const file = newFile();
  const store = openStore(file, { mode: 'write' });
  store.create(recordOf('a'));
  store.append('a', [asked(0), started(0), finished(0)]);
  store.close();
  return file;
}

function startWorker(task: string, file: string): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, ['--import', 'tsx', worker, task, file, 'a']);
  onCleanup(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, output: () => output };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const killed = (child: ChildProcess) =>
  new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.kill('SIGKILL');
  });

describe('sqlite store: what stays', () => {
  it('keeps everything over a close, in a single file', () => {
    const file = writtenFile();
    expect(readdirSync(join(file, '..'))).toEqual(['studies.db']);
    for (const mode of ['read', 'write'] as const) {
      const store = openStore(file, { mode });
      expect(store.find('a')).toEqual(recordOf('a'));
      expect([...store.events('a')]).toEqual([asked(0), started(0), finished(0)]);
      store.close();
      store.close();
    }
  });

  it('appends all events or none', () => {
    const store = openStore(newFile(), { mode: 'write' });
    onCleanup(() => store.close());
    store.create(recordOf('a'));
    const unwritable = { ...asked(1), candidate: { big: 1n as unknown as number } };
    expect(() => store.append('a', [asked(0), unwritable])).toThrow('BigInt');
    expect([...store.events('a')]).toEqual([]);
  });

  it('loses nothing that an append returned for when the process is killed, and tears no append', async () => {
    const file = newFile();
    const store = openStore(file, { mode: 'write' });
    store.create(recordOf('a'));
    store.close();
    const { child, output } = startWorker('append', file);
    await until(() => output().split('\n').length > 50);
    await killed(child);
    const lines = output().trim().split('\n');
    const reader = openStore(file, { mode: 'read' });
    onCleanup(() => reader.close());
    const events = [...reader.events('a')];
    expect(events.length % 3).toBe(0);
    expect(events.length).toBeGreaterThanOrEqual(3 * lines.length);
    expect(events.at(-1)).toMatchObject({ type: 'finished', trial: events.length / 3 - 1 });
  });
});

describe('sqlite store: one writer, many readers', () => {
  it('refuses a second search from another process, and takes over when that one was killed', async () => {
    const file = writtenFile();
    const { child, output } = startWorker('hold', file);
    await until(() => output() !== '');
    expect(output()).toBe('leased\n');
    const store = openStore(file, { mode: 'write' });
    onCleanup(() => store.close());
    expect(store.holder('a')).toMatchObject({ pid: child.pid });
    expect(() => store.lease('a')).toThrow(withCode('STORE_LOCKED', `process ${child.pid} on `));
    await killed(child);
    expect(store.holder('a')).toBeUndefined();
    store.lease('a');
    expect(store.holder('a')).toMatchObject({ pid: process.pid });
  });

  it('refuses a second search that knows the file by another name', () => {
    const file = writtenFile();
    const folder = temporaryFolder();
    symlinkSync(file, join(folder, 'link.db'));
    symlinkSync('link.db', join(folder, 'again.db'));
    const first = openStore(file, { mode: 'write' });
    onCleanup(() => first.close());
    const second = openStore(join(folder, 'again.db'), { mode: 'write' });
    onCleanup(() => second.close());
    first.lease('a');
    expect(() => second.lease('a')).toThrow(withCode('STORE_LOCKED', `process ${process.pid} on `));
    expect(second.holder('a')).toMatchObject({ pid: process.pid });
    expect(readdirSync(folder)).toEqual(['again.db', 'link.db']);
  });

  it('reads what is being written, without blocking the writer, and sees the lease', () => {
    const file = writtenFile();
    const writer = openStore(file, { mode: 'write' });
    const reader = openStore(file, { mode: 'read' });
    onCleanup(() => reader.close());
    const events = reader.events('a')[Symbol.iterator]();
    events.next();
    writer.lease('a');
    writer.append('a', [asked(1)]);
    expect([...reader.events('a', 3)]).toEqual([asked(1)]);
    expect(reader.holder('a')).toMatchObject({ pid: process.pid });
    writer.close();
    expect(reader.holder('a')).toBeUndefined();
    expect([...reader.events('a')]).toHaveLength(4);
    const again = openStore(file, { mode: 'write' });
    again.append('a', [asked(2)]);
    again.close();
    expect([...reader.events('a', 4)]).toEqual([asked(2)]);
  });

  it('lets two stores write different studies of one file', () => {
    const file = writtenFile();
    const first = openStore(file, { mode: 'write' });
    const second = openStore(file, { mode: 'write' });
    onCleanup(() => [first.close(), second.close()]);
    second.create(recordOf('b'));
    const leases = [first.lease('a'), second.lease('b')];
    for (let trial = 0; trial < 5; trial++) {
      first.append('a', [asked(trial + 1)]);
      second.append('b', [asked(trial)]);
    }
    expect([...second.events('a')]).toHaveLength(8);
    expect([...first.events('b')]).toHaveLength(5);
    for (const lease of leases) lease.release();
  });

  it('does not write when it was opened for reading', () => {
    const reader = openStore(writtenFile(), { mode: 'read' });
    onCleanup(() => reader.close());
    expect(() => reader.append('a', [asked(1)])).toThrow(withCode('STORE_READONLY', 'no permission'));
  });
});

describe('sqlite store: a file that goes away while it is written', () => {
  const cases: readonly (readonly [string, (file: string) => void])[] = [
    ['removed', (file) => rmSync(file)],
    ['renamed', (file) => renameSync(file, `${file}.old`)],
    ['replaced', (file) => [copyFileSync(file, `${file}.new`), renameSync(`${file}.new`, file)]],
    ['removed with its folder', (file) => rmSync(join(file, '..'), { recursive: true })],
  ];

  it.each(cases)('takes nothing more that would be lost: %s', (_, away) => {
    const file = writtenFile();
    const store = openStore(file, { mode: 'write' });
    onCleanup(() => store.close());
    store.append('a', [asked(1)]);
    away(file);
    expect(() => store.append('a', [started(1)])).toThrow(withCode('STORE_GONE', 'Put it back'));
    expect([...store.events('a')]).toHaveLength(4);
  });
});

describe('sqlite store: files it refuses', () => {
  const foreign = (write: (database: Database.Database) => void) => {
    const file = newFile();
    const database = new Database(file);
    write(database);
    database.close();
    return file;
  };
  const bytes = (content: Buffer | string) => {
    const file = newFile();
    writeFileSync(file, content);
    return file;
  };
  const cases: readonly (readonly [string, () => string, string, string])[] = [
    ['a text file', () => bytes('name: resnet\n'.repeat(50)), 'STORE_FOREIGN', 'no SQLite database'],
    ['a short file', () => bytes('SQLite format 3\0'), 'STORE_FOREIGN', 'no SQLite database'],
    [
      'a database of another program',
      () => foreign((database) => database.exec('CREATE TABLE notes (text)')),
      'STORE_FOREIGN',
      'another program',
    ],
    [
      'one that another program is writing',
      () => foreign((database) => [database.pragma('journal_mode = WAL'), database.exec('CREATE TABLE notes (text)')]),
      'STORE_FOREIGN',
      'another program',
    ],
    [
      'a newer version',
      () => {
        const file = writtenFile();
        const database = new Database(file);
        database.pragma('user_version = 99');
        database.close();
        return file;
      },
      'STORE_VERSION',
      'schema 99',
    ],
  ];

  it.each(cases)('leaves %s untouched', (_, make, code, message) => {
    const file = make();
    const content = readFileSync(file);
    const folder = readdirSync(join(file, '..'));
    for (const mode of ['read', 'write'] as const) expect(() => openStore(file, { mode })).toThrow(withCode(code, message));
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(readdirSync(join(file, '..'))).toEqual(folder);
  });

  it('refuses a folder, and a file in no folder', () => {
    expect(() => openStore(temporaryFolder(), { mode: 'write' })).toThrow(withCode('STORE_FOREIGN', 'no regular file'));
    expect(() => openStore(join(temporaryFolder(), 'no', 'such.db'), { mode: 'write' })).toThrow(
      withCode('STORE_MISSING', 'does not exist'),
    );
  });

  it.each(['', ':memory:', ' x.db', 'x.db ', 'x.db\n', 'folder /x.db\t'])(
    'refuses %j, which SQLite takes for another file or none',
    (name) => {
      for (const mode of ['read', 'write'] as const)
        expect(() => openStore(name, { mode })).toThrow(withCode('STORE_NAME', 'cannot be the name of a database'));
    },
  );

  it('refuses a name that leaves no room for those of the files beside it', () => {
    const folder = temporaryFolder();
    openStore(join(folder, `${'ä'.repeat(113)}.db`), { mode: 'write' }).close();
    const long = join(folder, `${'ä'.repeat(114)}.db`);
    expect(() => openStore(long, { mode: 'write' })).toThrow(withCode('STORE_NAME', 'a name of 231 bytes is too long'));
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('creates nothing for a reader', () => {
    const file = newFile();
    expect(() => openStore(file, { mode: 'read' })).toThrow(withCode('STORE_MISSING', 'no such file'));
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, '');
    expect(() => openStore(file, { mode: 'read' })).toThrow(withCode('STORE_MISSING', 'empty'));
    openStore(file, { mode: 'write' }).close();
    expect(openStore(file, { mode: 'read' }).list()).toEqual([]);
  });

  it('says that a database is damaged: cut off, or overwritten in the middle', () => {
    const cut = writtenFile();
    truncateSync(cut, 4096);
    const overwritten = writtenFile();
    const content = readFileSync(overwritten);
    writeFileSync(overwritten, content.fill(0xaa, 4096));
    for (const file of [cut, overwritten]) {
      const read = () => [...openStore(file, { mode: 'read' }).events('a')];
      expect(read).toThrow(withCode('STORE_CORRUPT', 'Restore it from a copy'));
    }
  });

  it('finds a damaged page before anything is written', () => {
    const file = writtenFile();
    const content = readFileSync(file);
    writeFileSync(file, content.fill(0xaa, content.length - 4096 + 100));
    const before = readFileSync(file);
    expect(() => openStore(file, { mode: 'write' })).toThrow(withCode('STORE_CORRUPT', 'the database is damaged'));
    expect(checkFile(file)).not.toEqual([]);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('checks a whole file on demand: nothing wrong, an event that is gone, a row of no study', () => {
    const file = writtenFile();
    expect(checkFile(file)).toEqual([]);
    const database = new Database(file);
    database.exec('DELETE FROM events WHERE position = 1');
    database.pragma('foreign_keys = OFF');
    database.exec("INSERT INTO events VALUES (9, 0, 'asked', 0, '{}')");
    database.close();
    expect(checkFile(file)).toEqual([
      '1 rows of events belong to no study',
      'study 1 has 2 events, but the last one is number 2',
    ]);
    expect(() => checkFile(newFile())).toThrow(withCode('STORE_MISSING', 'no such database'));
  });

  it('says that an event is damaged', () => {
    const file = writtenFile();
    const database = new Database(file);
    database.exec("UPDATE events SET json = '{' WHERE position = 1");
    database.close();
    const reader = openStore(file, { mode: 'read' });
    onCleanup(() => reader.close());
    expect(() => [...reader.events('a')]).toThrow(withCode('STORE_CORRUPT', 'an event is damaged'));
  });

  it('says that the disk is full, and loses nothing of before', () => {
    const file = writtenFile();
    const database = new Database(file);
    onCleanup(() => database.close());
    database.pragma('max_page_count = 1');
    const fill = () => database.prepare('UPDATE studies SET space_text = ?').run('x'.repeat(100_000));
    let error: unknown;
    try {
      fill();
    } catch (thrown) {
      error = storeError(thrown, file);
    }
    expect(error).toMatchObject({ code: 'STORE_FULL', exitCode: 1, message: expect.stringContaining('Free some space') });
    const noRoomForLog = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_SHMSIZE' });
    expect(storeError(noRoomForLog, file)).toMatchObject({ code: 'STORE_FULL' });
    expect(storeError(new Error('other'), file)).toMatchObject({ message: 'other' });
  });

  // Root may write everything, so root's run uses the user nobody, who must be able to read this checkout.
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const canRun = spawnSync(process.execPath, ['-e', 'fs.readFileSync(process.argv[1])', worker], asNobody).status === 0;

  it.skipIf(!canRun)('reads what it may not write, and says so, as a user without rights', () => {
    const file = writtenFile();
    const folder = join(file, '..');
    chmodSync(file, 0o444);
    chmodSync(folder, 0o555);
    onCleanup(() => chmodSync(folder, 0o755));
    const attempt = (path: string) =>
      spawnSync(process.execPath, ['--import', 'tsx', worker, 'tryOpen', path], { encoding: 'utf8', ...asNobody });
    const { stdout, stderr } = attempt(file);
    expect(stdout, stderr).toBe('write STORE_READONLY\nread 1\n');
    expect(attempt(join(folder, 'new.db')).stdout).toBe('write STORE_READONLY\nread STORE_MISSING\n');
    chmodSync(file, 0o000);
    expect(attempt(file).stdout).toBe('write STORE_READONLY\nread STORE_READONLY\n');
  });
});
