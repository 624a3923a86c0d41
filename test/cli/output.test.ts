import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { mainOfNas } from '../fixtures/cli.ts';

/** A command line of the shell in which `nas` is this program. */
function shell(line: string) {
  const nas = `"${process.execPath}" "${mainOfNas}"`;
  return spawnSync('bash', ['-c', `nas() { ${nas} "$@"; }; ${line}`], { cwd: tmpdir(), encoding: 'utf8' });
}

const canRun = process.platform !== 'win32' && spawnSync('bash', ['-c', 'true']).status === 0;

it.skipIf(!canRun)('ends quietly where its reader goes away', () => {
  const { stdout, stderr } = shell('nas schema | head -1; echo "code $PIPESTATUS"');
  expect(stderr).toBe('');
  expect(stdout).toBe('{\ncode 0\n');
});

it.skipIf(!canRun || !existsSync('/dev/full'))('says that its output cannot be written, and fails', () => {
  const { stderr, status } = shell('nas schema > /dev/full');
  expect(stderr).toMatch(/^error: the output cannot be written: ENOSPC.*\n$/);
  expect(status).toBe(1);
});
