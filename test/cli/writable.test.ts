import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { whyUnwritable } from '../../src/cli/writable.ts';
import { nas } from '../fixtures/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'nas-writable-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('says why nothing can be kept in a folder, also in one that is still to be made', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(whyUnwritable(folder)).toBeUndefined();
  expect(whyUnwritable(join(folder, 'new', 'one'))).toBeUndefined();
  expect(whyUnwritable(join(folder, 'file', 'below'))).toMatch(/file is a file, not a folder/);
});

it('is looked at before anything is trained', async () => {
  const nowhere = await nas(folder, 'search', '--space', 'quick.yaml', '--db', 'none/x.db', '--plain');
  expect(nowhere).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/folder none does not exist/) });
  writeFileSync(join(folder, 'taken.artefacts'), '');
  const noModels = await nas(folder, 'search', '--space', 'quick.yaml', '--db', 'taken.db', '--plain');
  expect(noModels).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/models cannot be kept in .* is a file/) });
  // The cache of these tests is `cache`, beside the database.
  writeFileSync(join(folder, 'cache'), '');
  const noCache = await nas(folder, 'search', '--space', 'quick.yaml', '--plain');
  expect(noCache).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/is a file, not a folder.*Set XDG_CACHE_HOME/),
  });
});
