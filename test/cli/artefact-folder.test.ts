import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { artefactFolder } from '../../src/cli/artefact-folder.ts';
import { collectGarbage } from '../../src/cli/commands/gc.ts';
import { openStore } from '../../src/store/index.ts';
import { recordOf, temporaryFolder } from '../store/harness.ts';

const model = (letter: string) => `${letter.repeat(64)}.onnx`;

function database(file: string): void {
  const store = openStore(file, { mode: 'write' });
  store.create(recordOf('a'));
  store.close();
}

/** With one model each. */
function folderWith(folder: string, ...models: string[]): void {
  mkdirSync(folder);
  for (const name of models) writeFileSync(join(folder, name), name);
}

describe('the folder of models', () => {
  it('is beside the database, by whatever name that is called, also before it is there', () => {
    const folder = temporaryFolder();
    symlinkSync('real.db', join(folder, 'link.db'));
    const models = join(folder, 'real.artefacts');
    expect(['real.db', 'link.db'].map((name) => artefactFolder(join(folder, name)))).toEqual([models, models]);
  });

  it('is that of one database, whatever their names have in common', () => {
    const names = [
      'nas',
      'nas.db',
      'nas.db.db',
      'nas.sqlite',
      'nas.sqlite.db',
      'nas.artefacts',
      'nas.artefacts.db',
      'nas-artefacts.db',
    ];
    const folder = temporaryFolder();
    expect(new Set(names.map((name) => artefactFolder(join(folder, name)))).size).toBe(names.length);
  });

  it('is settled for a database that shared one: both have all of the models, and gc of one leaves those of the other', () => {
    const folder = temporaryFolder();
    const [plain, ended] = ['nas', 'nas.db'].map((name) => join(folder, name)) as [string, string];
    for (const file of [plain, ended]) database(file);
    folderWith(join(folder, 'nas.artefacts'), model('a'), model('b'));
    collectGarbage({ db: ended, yes: true });
    expect(readdirSync(join(folder, 'nas.artefacts'))).toEqual([]);
    expect(artefactFolder(plain)).toBe(join(folder, 'nas-artefacts'));
    expect(readdirSync(artefactFolder(plain)).sort()).toEqual([model('a'), model('b')]);
    expect(readFileSync(join(artefactFolder(plain), model('a')), 'utf8')).toBe(model('a'));
    expect(
      readdirSync(folder)
        .filter((name) => name.includes('artefacts'))
        .sort(),
    ).toEqual(['nas-artefacts', 'nas.artefacts']);
  });

  it('is left alone beside what is no database', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'nas'));
    folderWith(join(folder, 'nas.artefacts'), model('a'));
    expect(artefactFolder(join(folder, 'nas.db'))).toBe(join(folder, 'nas.artefacts'));
    expect(existsSync(join(folder, 'nas-artefacts'))).toBe(false);
  });
});
