import { describe, expect, it } from 'vitest';
import { engineOfStudy } from '../../src/cli/engine.ts';
import { blockSize } from '../../src/network/engine/lowering/blocked/probe.ts';

const setup = (lowering: string) => ({ engine: 'onnxruntime', device: 'cpu', lowering }) as const;

describe('the engine of a study that goes on', () => {
  it('is the one it was started with, although a better one may be there', async () => {
    expect(await engineOfStudy('mine', setup('portable'))).toMatchObject(setup('portable'));
  });

  it.each([8, 16])('is refused by name where the processor has no blocks of %i', async (block) => {
    const asked = engineOfStudy('mine', setup(`blocked${block}`));
    if ((await blockSize()) === block) expect(await asked).toMatchObject(setup(`blocked${block}`));
    else
      await expect(asked).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining(`study "mine" was started with`),
      });
  });
});
