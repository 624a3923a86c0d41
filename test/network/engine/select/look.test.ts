import { describe, expect, it } from 'vitest';
import { type Machine, whyNot } from '../../../../src/network/engine/select/look.ts';

interface Parts {
  readonly platform?: NodeJS.Platform;
  readonly arch?: string;
  readonly paths?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly tensorflow?: { readonly gpu: boolean };
  readonly package?: boolean;
}

/** Linux x64 with nothing in it but what is named. */
const machine = ({
  platform = 'linux',
  arch = 'x64',
  paths = [],
  env = {},
  tensorflow,
  package: webgpuPackage = true,
}: Parts = {}): Machine => ({
  platform,
  arch,
  exists: (path) => paths.includes(path),
  list: (folder) => paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
  env: (name) => env[name],
  onnxruntimeFolder: '/ort',
  tensorflow: () => tensorflow,
  webgpu: () => webgpuPackage,
});

const nvidia = '/dev/nvidia0';
const provider = '/ort/libonnxruntime_providers_cuda.so';
const cuda = { engine: 'onnxruntime', device: 'cuda' } as const;
const webgpu = { engine: 'onnxruntime', device: 'webgpu' } as const;
const shaders = { engine: 'shaders', device: 'webgpu' } as const;
const onCpu = { engine: 'tensorflow', device: 'cpu' } as const;
const onGpu = { engine: 'tensorflow', device: 'cuda' } as const;

describe('a look at the machine', () => {
  it.each([
    [cuda, {}, /no NVIDIA GPU/],
    [cuda, { platform: 'darwin', arch: 'arm64' }, /Linux x64 only/],
    [cuda, { paths: [nvidia] }, /provider is not installed.*nas engine install cuda/],
    [cuda, { paths: [nvidia, provider] }, undefined],
    [cuda, { paths: ['/dev/dxg', provider] }, undefined],
    [webgpu, {}, /no GPU/],
    [webgpu, { arch: 'arm64', paths: ['/dev/dri/renderD128'] }, /no WebGPU for this processor/],
    [webgpu, { paths: ['/dev/dri/card0'] }, /no GPU/],
    [webgpu, { paths: ['/dev/dri/renderD128'] }, undefined],
    [webgpu, { env: { VK_ICD_FILENAMES: '/driver.json' } }, undefined],
    [webgpu, { platform: 'darwin', arch: 'arm64' }, undefined],
    [shaders, { package: false }, /package webgpu is not installed.*npm install webgpu/],
    [shaders, {}, /no GPU/],
    [shaders, { arch: 'arm64', paths: ['/dev/dri/renderD128'] }, undefined],
    [onCpu, {}, /not installed.*nas engine install tensorflow/],
    [onCpu, { tensorflow: { gpu: false } }, undefined],
    [onGpu, { tensorflow: { gpu: true } }, /no NVIDIA GPU/],
    [onGpu, { paths: [nvidia], tensorflow: { gpu: false } }, /no GPU support/],
    [onGpu, { paths: [nvidia], tensorflow: { gpu: true } }, undefined],
    [{ engine: 'onnxruntime', device: 'cpu' }, {}, undefined],
  ] as const)('%j on %j', (setup, parts, message) => {
    const reason = whyNot(setup, machine(parts));
    if (message) expect(reason).toMatch(message);
    else expect(reason).toBeUndefined();
  });
});
