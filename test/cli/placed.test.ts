import { describe, expect, it } from 'vitest';
import { placing } from '../../src/cli/placed.ts';
import { NasError } from '../../src/core/errors.ts';

const space = { file: 'mine.yaml', text: 'data: { name: idx, folder: here, validation: 9 }\ntrial:\n  batchSize: 99\n' };
const failing = (code: string, facts = {}) =>
  placing(space, async () => Promise.reject(new NasError(code, 'as it is', { facts })));

describe('placing', () => {
  it.each([
    ['DATA_MISSING', {}, 1, 28],
    ['DATA_TOO_SMALL', {}, 1, 46],
    ['DATA_BATCH', { section: 'trial' }, 3, 14],
    // Not in the file: the default is meant.
    ['DATA_BATCH', { section: 'baseline' }, 1, 1],
    ['SPACE_INFEASIBLE', {}, 1, 1],
  ])('shows where %s %j is', async (code, facts, line, column) => {
    await expect(failing(code, facts)).rejects.toMatchObject({
      code,
      message: 'as it is',
      at: { file: 'mine.yaml', line, column },
      exitCode: 2,
    });
  });

  it('leaves other errors as they are', async () => {
    const failure = await failing('HOST_CRASHED').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'HOST_CRASHED', at: undefined });
  });
});
