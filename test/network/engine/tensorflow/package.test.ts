import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTensorflow, loadTensorflow } from '../../../../src/network/engine/tensorflow/package.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'nas-tensorflow-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** A place that has a package of this name with this code. */
async function placeWith(place: string, name: string, code: string): Promise<string> {
  const folder = join(root, place, 'node_modules', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version: '4.22.0', main: 'index.js' }));
  await writeFile(join(folder, 'index.js'), code);
  return join(root, place);
}

const working = (gpu: boolean) => `exports.ready = async () => {}; exports.backend = () => ({ isUsingGpuDevice: ${gpu} });`;

describe('TensorFlow.js for Node', () => {
  it('is looked for place by place, the one for GPUs first', async () => {
    const empty = join(root, 'empty');
    const plain = await placeWith('plain', '@tensorflow/tfjs-node', working(false));
    const both = await placeWith('both', '@tensorflow/tfjs-node', working(false));
    await placeWith('both', '@tensorflow/tfjs-node-gpu', working(true));
    expect(findTensorflow([empty])).toBeUndefined();
    expect(findTensorflow([empty, plain])).toMatchObject({ name: '@tensorflow/tfjs-node', gpu: false });
    expect(findTensorflow([both, plain])).toMatchObject({ name: '@tensorflow/tfjs-node-gpu', gpu: true });
  });

  it('says what to type where it is missing', async () => {
    await expect(loadTensorflow('cpu', [join(root, 'empty')])).rejects.toMatchObject({
      code: 'ENGINE_TENSORFLOW_MISSING',
      message: expect.stringContaining('nas engine install tensorflow'),
    });
  });

  it('says what to type where it is installed by half', async () => {
    const place = await placeWith('half', '@tensorflow/tfjs-node', "throw new Error('tfjs_binding.node was not found');");
    await expect(loadTensorflow('cpu', [place])).rejects.toMatchObject({
      code: 'ENGINE_TENSORFLOW_MISSING',
      message: expect.stringMatching(/4\.22\.0 cannot be loaded \(tfjs_binding\.node was not found\).*nas engine install/),
    });
  });

  it('does not compute on another device than the one that was asked for', async () => {
    const [onCpu, onGpu] = [
      await placeWith('cpu', '@tensorflow/tfjs-node', working(false)),
      await placeWith('gpu', '@tensorflow/tfjs-node-gpu', working(true)),
    ];
    await expect(loadTensorflow('cuda', [onCpu])).rejects.toThrow('finds no GPU');
    await expect(loadTensorflow('cpu', [onGpu])).rejects.toThrow('--device cuda');
    expect(await loadTensorflow('cuda', [onGpu])).toHaveProperty('backend');
  });
});
