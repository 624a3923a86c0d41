import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lendFile, temporaryFolder } from '../../src/cli/temporary.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nas-temporary-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('what is kept for the length of a command', () => {
  it('is lent, and gone afterwards, also where the work fails', async () => {
    let lent = '';
    const read = async (path: string) => {
      lent = path;
      return readFileSync(path, 'utf8');
    };
    expect(await lendFile('bytes', read)).toBe('bytes');
    expect(existsSync(lent)).toBe(false);
    await expect(lendFile('bytes', () => Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  });

  it.skipIf(process.platform === 'win32')('says which folder cannot be written to, and what helps', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'none'));
    const explained = { code: 'TEMPORARY_FOLDER', exitCode: 1, message: expect.stringMatching(/none \(ENOENT\).*set TMPDIR/) };
    await expect(temporaryFolder('nas-')).rejects.toMatchObject(explained);
    await expect(lendFile('bytes', async () => undefined)).rejects.toMatchObject(explained);
  });
});
