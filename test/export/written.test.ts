import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannotWrite, checkPlace, writeWhole } from '../../src/export/written.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: as the system says it`), { code });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-written-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a file that a user asked for', () => {
  it('is refused where it cannot be, before anything is measured for it', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(() => checkPlace('--out', join(folder, 'x.svg'))).not.toThrow();
    expect(() => checkPlace('--out', join(folder, 'nowhere', 'x.svg'))).toThrow(/^--out .*there is no folder .*nowhere/);
    expect(() => checkPlace('--out', join(folder, 'file', 'x.svg'))).toThrow(/is a file, not a folder/);
    expect(() => checkPlace('--out', folder)).toThrow(/that is a folder/);
  });

  it('is complete, or as it was', async () => {
    const file = join(folder, 'page.html');
    await writeWhole(file, (temporary) => writeFile(temporary, 'first'));
    const failing = writeWhole(file, async (temporary) => {
      await writeFile(temporary, 'hal');
      throw systemError('ENOSPC');
    });
    await expect(failing).rejects.toMatchObject({ code: 'FILE_FULL', exitCode: 1 });
    expect(await readFile(file, 'utf8')).toBe('first');
    expect((await readdir(folder)).filter((name) => name.includes('page'))).toEqual(['page.html']);
  });

  it.each([
    ['ENOSPC', 1, /the disk is full\. Free some space/],
    ['EACCES', 2, /this user may not write there/],
    ['EROFS', 2, /the disk can only be read/],
    ['ENOTDIR', 2, /is a file, not a folder/],
  ])('says %s in words', (code, exitCode, message) => {
    expect(cannotWrite('report.html', systemError(code))).toMatchObject({
      exitCode,
      message: expect.stringMatching(message),
    });
  });

  it('leaves any other error as it is', () => {
    const error = new TypeError('a mistake of ours');
    expect(cannotWrite('report.html', error)).toBe(error);
  });
});
