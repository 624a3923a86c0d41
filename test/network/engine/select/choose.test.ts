import { describe, expect, it } from 'vitest';
import type { EngineSetup } from '../../../../src/network/engine/choice.ts';
import { blockSize } from '../../../../src/network/engine/lowering/blocked/probe.ts';
import { candidates } from '../../../../src/network/engine/select/candidates.ts';
import { chooseEngine } from '../../../../src/network/engine/select/choose.ts';
import { selfTest } from '../../../../src/network/engine/select/self-test.ts';

const cpu: EngineSetup = { engine: 'onnxruntime', device: 'cpu', lowering: 'portable' };

/** A probe that finds only these devices usable. */
const only =
  (...devices: readonly string[]) =>
  ({ device }: EngineSetup) =>
    Promise.resolve(devices.includes(device) ? undefined : `no ${device} here.`);

describe('the choice of an engine', () => {
  it('takes the first setup that works, and says why not those before it', async () => {
    const choice = await chooseEngine({ engine: 'auto', device: 'auto' }, only());
    expect(choice).toMatchObject(cpu);
    expect(choice.reasons[0]).toBe('onnxruntime on cuda (portable): no cuda here.');
    expect(choice.reasons).toHaveLength(
      candidates({ engine: 'auto', device: 'auto' }).findIndex(
        ({ lowering, device }) => lowering === 'portable' && device === 'cpu',
      ),
    );
  });

  it('prefers a GPU that works', async () => {
    expect(await chooseEngine({ engine: 'auto', device: 'auto' }, only('cuda'))).toMatchObject({ device: 'cuda', reasons: [] });
  });

  it('gives what is asked for by name, or refuses with the reason', async () => {
    expect(await chooseEngine(cpu, only())).toEqual({ ...cpu, reasons: [] });
    await expect(chooseEngine({ engine: 'auto', device: 'cuda' }, only())).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      exitCode: 2,
      message: expect.stringMatching(/^device cuda cannot be used here:\n {2}onnxruntime on cuda \(portable\): no cuda here\./),
    });
  });

  it('refuses what does not exist', async () => {
    const asked = { engine: 'tensorflow', device: 'webgpu' } as const;
    await expect(chooseEngine(asked, only('webgpu'))).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringContaining('do not go together'),
    });
  });
});

describe('the self-test', () => {
  it('passes what it compares with', async () => expect(await selfTest(cpu)).toBeUndefined());

  it('passes the blocked layout of this processor, and only that', async () => {
    const size = await blockSize();
    for (const block of [8, 16]) {
      const reason = await selfTest({ ...cpu, lowering: `blocked${block}` });
      if (block === size) expect(reason).toBeUndefined();
      else expect(reason).toMatch(/blocks have \d+ channels here|no blocked layout here/);
    }
  });

  it('gives the reason of a setup that cannot be opened', async () => {
    expect(await selfTest({ ...cpu, lowering: 'sideways' })).toContain('unknown lowering "sideways"');
  });
});
