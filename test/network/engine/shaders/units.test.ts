import { describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { buildTrainStep } from '../../../../src/network/autodiff/train-step.ts';
import { probeNetwork } from '../../../../src/network/engine/select/probe-network.ts';
import type { Session } from '../../../../src/network/engine/session.ts';
import { unitFeatures, unitOf } from '../../../../src/network/engine/shaders/matrix-unit.ts';
import { compile, type Units } from '../../../../src/network/engine/shaders/program.ts';
import { unitsWork } from '../../../../src/network/engine/shaders/unit-check.ts';
import type { Program } from '../../../../src/network/engine/shaders/writer.ts';

/** A train step in which every kind of product is computed by the units, or none. */
function programsFor(width: number, unit: Units['unit'] | undefined): readonly Program[] {
  const { graph } = buildTrainStep(probeNetwork({ batch: 8, size: 8, width }), {
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
    weightDecay: 5e-4,
    batchNormMomentum: 0.9,
  });
  return compile(graph, 2 ** 26, unit && { unit, isWanted: ({ k }) => k >= 16 }).programs;
}

const units = [
  { m: 16, n: 16, k: 16, lanes: 32 },
  { m: 8, n: 8, k: 8, lanes: 8 },
  { m: 16, n: 8, k: 16, lanes: 32 },
];

describe('programs with units for small matrices', () => {
  it('are right to the compiler of the language, and those without them are', async () => {
    Object.assign(globalThis, globals);
    const instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
    const adapter = (await instance.requestAdapter())!;
    const device = await adapter.requestDevice({ requiredFeatures: [...unitFeatures] as never });
    for (const width of [16, 20]) {
      for (const unit of [undefined, ...units]) {
        for (const code of new Set(programsFor(width, unit).map((program) => program.code))) {
          const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
          expect(messages.map(({ message }) => message)).toEqual([]);
        }
      }
    }
    device.destroy();
  });

  it('read a range only after all who note it', () => {
    const programs = programsFor(20, units[0]);
    const slotsIn = ({ code, args }: Program) =>
      [...code.matchAll(/ranges\[args\[(\d+)\]\.([xyzw])\]/g)].map(
        ([, index, axis]) => args[Number(index) * 4 + 'xyzw'.indexOf(axis!)]!,
      );
    const notes = (program: Program) => program.code.includes('atomicMax');
    const products = programs.filter(({ code }) => code.includes('subgroupMatrixMultiplyAccumulate'));
    expect(products.length).toBeGreaterThan(10);
    const noted = new Set<number>();
    for (const program of programs) {
      for (const slot of slotsIn(program)) {
        if (notes(program)) noted.add(slot);
        else expect(noted).toContain(slot);
      }
    }
  });
});

describe('the unit of an adapter', () => {
  const adapter = (
    configs: readonly object[],
    { sizes = [32, 32], features = unitFeatures as readonly string[], shared = 49152 } = {},
  ) =>
    ({
      features: new Set(features),
      limits: { maxComputeWorkgroupStorageSize: shared },
      info: { subgroupMinSize: sizes[0], subgroupMaxSize: sizes[1], subgroupMatrixConfigs: configs },
    }) as unknown as GPUAdapter;
  const config = (size: number, componentType: string, resultComponentType: string) => ({
    M: size,
    N: size,
    K: size,
    componentType,
    resultComponentType,
  });

  it('is the largest that adds products of 16 bits in 32', () => {
    const configs = [config(8, 'f16', 'f32'), config(16, 'f16', 'f32'), config(16, 'f16', 'f16'), config(32, 'u8', 'u32')];
    expect(unitOf(adapter(configs))).toEqual({ m: 16, n: 16, k: 16, lanes: 32 });
  });

  it('is none where the adapter has none, or what the programs take for granted is not so', () => {
    const configs = [config(16, 'f16', 'f32')];
    expect(unitOf(adapter([config(16, 'u8', 'u32')]))).toBeUndefined();
    expect(unitOf(adapter(configs, { sizes: [16, 32] }))).toBeUndefined();
    expect(unitOf(adapter(configs, { sizes: [64, 64] }))).toBeUndefined();
    expect(unitOf(adapter(configs, { shared: 16384 }))).toBeUndefined();
    expect(unitOf(adapter(configs, { features: ['subgroups'] }))).toBeUndefined();
  });
});

describe('whether the units work', () => {
  /** Multiplies as `number` says: max(a, 0) · b. */
  const multiplying =
    (number: (value: number) => number) =>
    async (graph: { readonly outputs: readonly string[] }): Promise<Session> => ({
      inputs: [],
      outputs: [],
      run: async ({ a, b }) => {
        const size = a!.shape[0]!;
        const product = Float32Array.from({ length: size * size }, (_, i) => {
          let sum = 0;
          for (let k = 0; k < size; k++)
            sum +=
              number(Math.max(Number(a!.data[Math.floor(i / size) * size + k]), 0)) *
              number(Number(b!.data[k * size + (i % size)]));
          return sum;
        });
        return { [graph.outputs[0]!]: { ...a!, data: product } };
      },
      endProfiling: async () => [],
      release: async () => {},
    });

  it('is so for what is right', async () => expect(await unitsWork(multiplying((value) => value))).toBe(true));

  it('is not so where numbers are rounded to 16 bits, are none, or a run fails', async () => {
    const rounded = (value: number) => Number(value.toPrecision(4));
    expect(await unitsWork(multiplying(rounded))).toBe(false);
    expect(await unitsWork(multiplying(() => Number.NaN))).toBe(false);
    expect(await unitsWork(() => Promise.reject(new Error('the device is lost')))).toBe(false);
  });
});
