import { describe, expect, it } from 'vitest';
import { chooseFaster } from '../../src/cli/faster.ts';
import type { EngineChoice, EngineRequest } from '../../src/network/engine/choice.ts';

const gpu: EngineChoice = { engine: 'onnxruntime', device: 'webgpu', lowering: 'webgpu', reasons: [] };
const cpu: EngineChoice = { engine: 'onnxruntime', device: 'cpu', lowering: 'blocked16', reasons: ['not the other'] };
const training = { model: { family: 'resnet' }, trial: { batchSize: 64 } };
const auto: EngineRequest = { engine: 'auto', device: 'auto' };

/** A machine with eight cores and these times of a step; `best` is what passes its self-test first. */
function machine(times: { gpu: number | null; cpu: number | null } | undefined, best: EngineChoice = gpu) {
  return {
    choose: ({ device }: EngineRequest) => Promise.resolve(device === 'cpu' ? cpu : best),
    stepTimes: () => (times ? Promise.resolve(times) : Promise.reject(new Error('nobody should ask'))),
    workers: ({ device }: EngineChoice) => (device === 'cpu' ? 8 : 4),
  };
}

describe('the choice between the GPU and the CPU', () => {
  it('goes to the GPU where it is faster than all cores together', async () => {
    expect(await chooseFaster(auto, training, machine({ gpu: 24, cpu: 290 }))).toEqual(gpu);
  });

  it('goes to the CPU where its cores together are faster, and says why', async () => {
    const choice = await chooseFaster(auto, training, machine({ gpu: 11, cpu: 20 }));
    expect(choice).toMatchObject({ device: 'cpu', lowering: 'blocked16' });
    expect(choice.reasons[0]).toBe(
      'onnxruntime on webgpu (webgpu): it takes 11 ms for a step of this network, 8 at a time on the CPU 2.5 ms.',
    );
  });

  it('times nothing where there is no GPU, or where a device was named', async () => {
    expect(await chooseFaster(auto, training, machine(undefined, cpu))).toEqual(cpu);
    expect(await chooseFaster({ ...auto, device: 'webgpu' }, training, machine(undefined))).toEqual(gpu);
  });

  it('stays with the GPU where the CPU cannot be used', async () => {
    const lacking = machine(undefined);
    const choose = (request: EngineRequest) =>
      request.device === 'cpu' ? Promise.reject(new Error('not here')) : lacking.choose(request);
    expect(await chooseFaster(auto, training, { ...lacking, choose })).toEqual(gpu);
  });

  it('stays with the GPU where one of the two could not be timed', async () => {
    expect(await chooseFaster(auto, training, machine({ gpu: null, cpu: 20 }))).toEqual(gpu);
  });
});
