import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { pickRules } from '../../src/search/pick/index.ts';
import { nas } from '../fixtures/cli.ts';

const suggestions = async (...words: readonly string[]) => {
  const { code, stdout } = await nas(tmpdir(), 'complete', '--', ...words);
  expect(code).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(':'))
    .map((line) => line.split('\t')[0]);
};

describe('nas completion', () => {
  it('completes commands, options and the values that an option may have', async () => {
    expect(await suggestions('exp')).toEqual(['explain', 'export']);
    expect(await suggestions('search', '--tri')).toContain('--trials');
    expect(await suggestions('pick', '--rule', '')).toEqual(pickRules.map(({ name }) => name));
    expect(await suggestions('search', '--space', 're')).toContain('resnet.yaml');
  });

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { code, stdout } = await nas(tmpdir(), 'completion', shell);
    expect(code).toBe(0);
    expect(stdout).toContain('nas complete');
  });

  it('names the shells for another one', async () => {
    const { code, stderr } = await nas(tmpdir(), 'completion', 'tcsh');
    expect(code).toBe(2);
    expect(stderr).toContain('zsh, bash, fish');
  });
});
