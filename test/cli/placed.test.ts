import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { placing } from '../../src/cli/placed.ts';
import { NasError } from '../../src/core/errors.ts';

const space = {
  file: 'mine.yaml',
  text: 'data: { name: idx, folder: here, validation: 9 }\ntrial:\n  batchSize: 99\nobjectives: { size: minimize, recall(dog): maximize }\nconstraints: [size <= 9kB, recall(cat) >= 90 %]\n',
  goal: {
    objectives: [
      { metric: 'size', direction: 'minimize' },
      { metric: 'recall(dog)', direction: 'maximize' },
    ],
    constraints: [
      { metric: 'size', op: '<=', bound: 9000 },
      { metric: 'recall(cat)', op: '>=', bound: 0.9 },
    ],
  },
} satisfies Parameters<typeof placing>[0];
const failing = (code: string, facts = {}, file = space.file) =>
  placing({ ...space, file }, async () => Promise.reject(new NasError(code, 'as it is', { facts })));

describe('placing', () => {
  it.each([
    ['DATA_MISSING', {}, 1, 28],
    ['DATA_TOO_SMALL', {}, 1, 46],
    ['DATA_BATCH', { section: 'trial' }, 3, 14],
    // Not in the file: the default is meant.
    ['DATA_BATCH', { section: 'baseline' }, 1, 1],
    ['SPACE_INFEASIBLE', {}, 5, 14],
    ['DATA_CLASS', { class: 'dog' }, 4, 44],
    ['DATA_CLASS', { class: 'cat' }, 5, 28],
    // Only the target, which the command line gave, names it.
    ['DATA_CLASS', { class: 'cow' }, 1, 1],
  ])('shows where %s %j is', async (code, facts, line, column) => {
    await expect(failing(code, facts)).rejects.toMatchObject({
      code,
      message: 'as it is',
      at: { file: 'mine.yaml', line, column },
      exitCode: 2,
    });
  });

  it('names a data folder that lies beside the space file', async () => {
    // From the project's root there is no `cli`; beside a file in `test` there is.
    const failure = failing('DATA_MISSING', { folder: 'cli' }, 'test/mine.yaml');
    await expect(failure).rejects.toMatchObject({ message: expect.stringContaining(`write ${join('test', 'cli')} for`) });
    await expect(failing('DATA_MISSING', { folder: 'cli' })).rejects.toMatchObject({ message: 'as it is' });
  });

  it('leaves other errors as they are', async () => {
    const failure = await failing('HOST_CRASHED').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'HOST_CRASHED', at: undefined });
  });
});
