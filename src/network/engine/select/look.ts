import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Device, EngineSetup } from '../choice.ts';
import { hasPackage } from '../shaders/device.ts';
import { findTensorflow } from '../tensorflow/package.ts';

/** What a look at this machine shows, without loading a driver. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  exists(path: string): boolean;
  /** Names in a folder; none where it is missing. */
  list(folder: string): readonly string[];
  env(name: string): string | undefined;
  /** Folder of onnxruntime's native libraries for this platform. */
  readonly onnxruntimeFolder: string;
  /** The version of TensorFlow.js for Node, and whether it is the one for GPUs; undefined where there is none. */
  tensorflow(): { readonly gpu: boolean } | undefined;
  /** Whether the package that brings WebGPU to Node is installed. */
  webgpu(): boolean;
}

export function thisMachine(): Machine {
  const { platform, arch, env } = process;
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return {
    platform,
    arch,
    exists: existsSync,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
    env: (name) => env[name],
    onnxruntimeFolder: join(root, 'bin', 'napi-v6', platform, arch),
    tensorflow: findTensorflow,
    webgpu: hasPackage,
  };
}

/** Why a setup need not be tried on this machine; undefined where only trying tells. */
export function whyNot({ engine, device }: Pick<EngineSetup, 'engine' | 'device'>, machine: Machine): string | undefined {
  if (engine === 'tensorflow') return missingTensorflow(device, machine);
  if (engine === 'shaders') return missingShaders(machine);
  return device === 'cpu' ? undefined : missing[device](machine);
}

const missing: Readonly<Record<Exclude<Device, 'cpu'>, (machine: Machine) => string | undefined>> = {
  cuda(machine) {
    if (machine.platform !== 'linux' || machine.arch !== 'x64') return 'onnxruntime-node has CUDA for Linux x64 only.';
    if (!hasNvidia(machine)) return noNvidia;
    if (machine.exists(join(machine.onnxruntimeFolder, 'libonnxruntime_providers_cuda.so'))) return undefined;
    return "onnxruntime's CUDA provider is not installed. Get it (needs CUDA 12 and cuDNN 9): nas engine install cuda";
  },
  webgpu(machine) {
    if (machine.platform === 'linux' && machine.arch !== 'x64') return 'onnxruntime-node has no WebGPU for this processor.';
    return hasGpu(machine) ? undefined : noGpu;
  },
};

function missingShaders(machine: Machine): string | undefined {
  if (!machine.webgpu()) return 'the package webgpu is not installed. Get it: npm install webgpu';
  return hasGpu(machine) ? undefined : noGpu;
}

const noGpu = 'this machine shows no GPU.';

const noNvidia = 'this machine shows no NVIDIA GPU.';

function missingTensorflow(device: Device, machine: Machine): string | undefined {
  const found = machine.tensorflow();
  if (!found) return 'TensorFlow.js for Node is not installed. Get it: nas engine install tensorflow';
  if (device !== 'cuda') return undefined;
  if (!hasNvidia(machine)) return noNvidia;
  return found.gpu ? undefined : 'the TensorFlow that is installed has no GPU support.';
}

/** /dev/dxg: the GPU of the Windows around a Linux in WSL. */
const hasNvidia = (machine: Machine): boolean => machine.exists('/dev/nvidia0') || machine.exists('/dev/dxg');

/** Elsewhere than on Linux the system always has a graphics driver; on Linux its device, or a driver named by the user. */
function hasGpu(machine: Machine): boolean {
  if (machine.platform !== 'linux' || hasNvidia(machine)) return true;
  const named = machine.env('VK_ICD_FILENAMES') ?? machine.env('VK_DRIVER_FILES');
  return named !== undefined || machine.list('/dev/dri').some((name) => name.startsWith('renderD'));
}
