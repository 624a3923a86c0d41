import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { artefactFolder } from '../../src/cli/folders.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nas-folders-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is beside the database, by whatever name that is called, also before it is there', () => {
  symlinkSync('real.db', join(folder, 'link.db'));
  const models = join(folder, 'real.artefacts');
  expect(['real.db', 'link.db'].map((name) => artefactFolder(join(folder, name)))).toEqual([models, models]);
});
