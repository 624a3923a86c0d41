import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { runJob } from '../../src/executors/run-job.ts';
import { saveArtefact } from '../../src/trial/artefacts.ts';
import { writeError } from '../../src/trial/disk.ts';
import { SearchStopped } from '../../src/trial/protocol.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
  folders.push(folder);
  return folder;
}

const systemError = (code: string) => Object.assign(new Error(code), { code });

describe('a file that cannot be written', () => {
  it('is its trial’s failure where there is room for smaller ones', async () => {
    const error = await writeError(systemError('EFBIG'), join(newFolder(), 'model.onnx'));
    expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('no room for') });
    expect(error).not.toBeInstanceOf(SearchStopped);
    expect(await runJob(() => Promise.reject(error))).toMatchObject({ state: 'failed', code: 'DISK_FULL' });
  });

  it.each([
    ['EDQUOT', 'DISK_FULL', 'Free some space'],
    ['EACCES', 'DISK_WRITE', 'Check the disk'],
    ['EROFS', 'DISK_WRITE', 'Check the disk'],
    ['ENOTDIR', 'DISK_WRITE', 'its folder'],
    ['ENOENT', 'DISK_WRITE', 'its folder'],
  ])('ends the search where no trial could write its own (%s)', async (cause, code, advice) => {
    const error = await writeError(systemError(cause), join(newFolder(), 'model.onnx'));
    expect(error).toBeInstanceOf(SearchStopped);
    const outcome = await runJob(() => Promise.reject(error));
    expect(outcome).toMatchObject({ state: 'aborted', code, reason: expect.stringContaining(advice) });
  });

  it('ends the search where there is no room for the folder itself', async () => {
    const error = await writeError(systemError('ENOSPC'), join(newFolder(), 'models', 'model.onnx'));
    expect(error).toBeInstanceOf(SearchStopped);
    expect(error).toMatchObject({ code: 'DISK_FULL' });
  });

  it('says so of a folder that is a file', async () => {
    const file = join(newFolder(), 'models');
    writeFileSync(file, '');
    await expect(saveArtefact(file, new Uint8Array(1))).rejects.toMatchObject({ code: 'DISK_WRITE' });
  });

  it('stays what it is otherwise', async () => {
    const error = systemError('EMFILE');
    expect(await writeError(error, 'model.onnx')).toBe(error);
  });

  it.skipIf(process.platform === 'win32')('leaves nothing of itself behind', () => {
    const folder = newFolder();
    const worker = fileURLToPath(new URL('../fixtures/worker-large-file.ts', import.meta.url));
    const command = `ulimit -f 64; exec "${process.execPath}" --import tsx "${worker}" "${folder}"`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
    expect(stdout, stderr).toBe('DISK_FULL\n');
    expect(readdirSync(folder)).toEqual([]);
  });
});
