import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTrainStep } from '../../../../src/network/autodiff/train-step.ts';
import { probeNetwork } from '../../../../src/network/engine/select/probe-network.ts';
import { type Lifetime, shared } from '../../../../src/network/engine/shaders/memory.ts';
import { compile } from '../../../../src/network/engine/shaders/program.ts';
import { strided, stridesOf } from '../../../../src/network/engine/shaders/wgsl.ts';
import { elementCount } from '../../../../src/network/ir/graph.ts';
import { buildModel, modelSpecSchema } from '../../../../src/network/models/index.ts';

/** What an index expression gives: integers of 32 bits, / without a remainder. */
function evaluate(expression: string, i: number): number {
  const source = expression.replaceAll(/(\d+)u|#(\d+)#/g, '$1$2n');
  let at = 0;
  const skip = () => {
    while (source[at] === ' ') at++;
  };
  const atom = (): bigint => {
    skip();
    if (source[at] === '(') {
      at++;
      const value = sum();
      skip();
      at++;
      return value;
    }
    const [text] = /^(i|\d+n)/.exec(source.slice(at))!;
    at += text.length;
    return text === 'i' ? BigInt(i) : BigInt(text.slice(0, -1));
  };
  const product = (): bigint => {
    let value = atom();
    for (skip(); '*/%'.includes(source[at] ?? 'x'); skip()) {
      const sign = source[at++];
      const right = atom();
      value = sign === '*' ? value * right : sign === '/' ? value / right : value % right;
    }
    return value;
  };
  const sum = (): bigint => {
    let value = product();
    for (skip(); source[at] === '+'; skip()) {
      at++;
      value += product();
    }
    return value;
  };
  return Number(BigInt.asUintN(32, sum()));
}

describe('index arithmetic', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });

  it('finds the place of every number, whatever the strides', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 4, maxLength: 4 }), (shape, given) => {
        const strides = given.slice(0, shape.length);
        const own = stridesOf(shape);
        const expression = strided('i', shape, strides, 400);
        for (let i = 0; i < elementCount(shape); i++) {
          const place = shape.reduce((total, size, axis) => total + (Math.floor(i / own[axis]!) % size) * strides[axis]!, 400);
          expect(evaluate(expression, i)).toBe(place);
        }
      }),
    );
  });

  it('costs nothing for a value as it is', () => expect(strided('i', [2, 3, 4], [12, 4, 1])).toBe('i'));
});

describe('the memory of stored values', () => {
  const lifetime = fc.record({ size: fc.integer({ min: 1, max: 500 }), from: fc.nat(20), length: fc.nat(8) });

  it('is never given to two that are there at the same time', () => {
    fc.assert(
      fc.property(fc.array(lifetime, { maxLength: 40 }), (list) => {
        const values = list.map(({ size, from, length }, i): Lifetime => ({ name: `v${i}`, size, from, to: from + length }));
        const { places, sizes } = shared(values, 1024);
        expect(sizes.every((size) => size <= 1024)).toBe(true);
        for (const a of values) {
          for (const b of values) {
            if (a === b || a.to < b.from || b.to < a.from) continue;
            const [left, right] = [places.get(a.name)!, places.get(b.name)!];
            const apart = left.offset + left.size <= right.offset || right.offset + right.size <= left.offset;
            expect(left.buffer !== right.buffer || apart).toBe(true);
          }
        }
      }),
    );
  });

  it('refuses a value that no buffer holds', () =>
    expect(() => shared([{ name: 'v', size: 2000, from: 0, to: 1 }], 1024)).toThrow(
      /8192 bytes; a buffer of this device holds 4096/,
    ));
});

it('fuses a train step: far fewer programs than nodes, equal ones written once', () => {
  const { graph } = buildTrainStep(probeNetwork({ batch: 2, size: 8, width: 16 }), {
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
    weightDecay: 5e-4,
    batchNormMomentum: 0.9,
  });
  const { programs } = compile(graph, 2 ** 26);
  expect(programs.length).toBeLessThan(graph.nodes.length);
  expect(new Set(programs.map(({ code }) => code)).size).toBeLessThan(programs.length);
});

it('writes the same programs for a network of other widths: sizes are arguments', () => {
  const codesOf = (widths: readonly number[]) => {
    const spec = modelSpecSchema.parse({ family: 'resnet', depth: 8, widths });
    const model = buildModel(spec, { shape: [3, 8, 8], classes: 10, batch: 4, seed: '1' });
    const { graph } = buildTrainStep(model, {
      optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
      weightDecay: 5e-4,
      batchNormMomentum: 0.9,
    });
    return compile(graph, 2 ** 26).programs.map(({ code }) => code);
  };
  expect(codesOf([9, 10, 11])).toEqual(codesOf([13, 14, 15]));
});

// SwiftShader: a graphics driver that the CPU emulates, from Debian's package chromium.
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
it.skipIf(!existsSync(driver))(
  'computes every op with its gradient (emulated by SwiftShader)',
  { timeout: 360_000 },
  async () => {
    const entry = fileURLToPath(new URL('../../../fixtures/shaders-cases.ts', import.meta.url));
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const env = { ...process.env, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: dirname(driver) };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, entry, 'first'], { env });
    expect(stdout.trim()).toBe('');
  },
);
