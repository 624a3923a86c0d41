import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lower } from '../../../../src/network/engine/lowering/index.ts';
import { withSession } from '../../../../src/network/engine/session.ts';
import { Builder } from '../../../../src/network/ir/builder.ts';
import { encode } from '../../../../src/network/ir/bytes/encode.ts';
import { elementCount, type Graph, type Shape } from '../../../../src/network/ir/graph.ts';
import { relativeError } from '../helpers.ts';

/** A Conv in groups and the joining of ten values, as their graph. */
function grouped(): Graph {
  const b = new Builder('grouped');
  b.input('x', { dtype: 'float32', shape: [2, 4, 5, 5] });
  b.input('w', { dtype: 'float32', shape: [18, 2, 3, 3] });
  const y = b.op('Conv', ['x', 'w'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: 2 });
  const parts = b.multi('Split', [y, b.ints([1, 2, 1, 2, 1, 2, 1, 2, 1, 5])], 10, { axis: 1 });
  return b.build([b.op('Concat', parts.toReversed(), { axis: 1 }, { name: 'joined' })]);
}

const wave = (shape: Shape) => ({
  dtype: 'float32' as const,
  shape,
  data: Float32Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i)),
});

describe('the lowering for WebGPU', () => {
  it('keeps to few values a node and to groups that the provider computes right, with the same results', async () => {
    const plain = grouped();
    const lowered = lower(plain, 'webgpu');
    const buffers = lowered.nodes.map(({ inputs, outputs }) => [
      ...inputs.filter((name) => lowered.initializers[name]?.dtype !== 'int64'),
      ...outputs,
    ]);
    expect(Math.max(...buffers.map((names) => names.length))).toBeLessThanOrEqual(8);
    expect(lowered.nodes.filter(({ op, attributes }) => op === 'Conv' && attributes['group'])).toEqual([]);
    const feeds = { x: wave([2, 4, 5, 5]), w: wave([18, 2, 3, 3]) };
    const [expected, found] = await Promise.all(
      [plain, lowered].map((graph) => withSession(encode(graph), {}, (session) => session.run(feeds))),
    );
    expect(relativeError(found!['joined']!.data as Float32Array, expected!['joined']!.data as Float32Array)).toBeLessThan(1e-6);
  });

  // SwiftShader: a graphics driver that the CPU emulates, from Debian's package chromium.
  const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
  if (existsSync(driver)) {
    const outputOf = async (fixture: string, ...args: readonly string[]): Promise<string> => {
      const entry = fileURLToPath(new URL(`../../../fixtures/${fixture}`, import.meta.url));
      const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
      const env = { ...process.env, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: dirname(driver) };
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, entry, ...args], { env });
      return stdout.trim();
    };

    it(
      'trains on WebGPU as on the CPU, paused and with weights that are changed (emulated by SwiftShader)',
      {
        timeout: 240_000,
      },
      async () => expect(await outputOf('webgpu-self-test.ts')).toBe(''),
    );

    // One form of each; that the graphs of all forms are right is tested on the CPU, by lowerings.test.ts.
    it('computes every training op (emulated by SwiftShader)', { timeout: 360_000 }, async () =>
      expect(await outputOf('webgpu-cases.ts', 'first')).toBe(''),
    );
  } else {
    process.stdout.write(`WebGPU is not tested: ${driver} is not here (Debian: apt-get install chromium).\n`);
  }
});
