import { join } from 'node:path';
import { expect, it } from 'vitest';
import { collectGarbage } from '../../src/cli/commands/gc.ts';
import { replicateFront } from '../../src/cli/commands/replicate.ts';
import { openStore } from '../../src/store/index.ts';
import { onCleanup } from '../fixtures/cleanup.ts';
import { recordOf, temporaryFolder } from '../store/harness.ts';

/** A database whose study "a" is being searched, by this process. */
function searched(): string {
  const db = join(temporaryFolder(), 'my nas.db');
  const store = openStore(db, { mode: 'write' });
  onCleanup(() => store.close());
  store.create(recordOf('a'));
  store.lease('a');
  return db;
}

const locked = (db: string) =>
  expect.objectContaining({
    code: 'STORE_LOCKED',
    exitCode: 2,
    message: expect.stringMatching(
      new RegExp(`held by process ${process.pid} on .* stop a search with "nas control stop --db '${db}' --study a"`),
    ),
  });

it('nas gc says who searches a study of the database, and how that ends; another study would not help', () => {
  const db = searched();
  expect(() => collectGarbage({ db, yes: true })).toThrow(locked(db));
  expect(() => collectGarbage({ db, yes: true })).toThrow(/^(?!.*--study NAME).*run this command again\. Nothing was removed\.$/);
});

it('nas replicate says so too', async () => {
  const db = searched();
  await expect(replicateFront({ db, seeds: 2 })).rejects.toThrow(locked(db));
});
