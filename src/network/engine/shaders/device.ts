/// <reference types="@webgpu/types" />
import { createRequire } from 'node:module';
import { exitCodes, NasError } from '../../../core/errors.ts';
import { type MatrixUnit, unitFeatures, unitOf } from './matrix-unit.ts';

/** Buffers that a program can name: one for what is given, the others for what is computed. */
export const bufferCount = 5;

/** … and of the buffer of ranges. */
export const rangesBinding = bufferCount + 1;

/** A GPU of this thread, and what was compiled for it. */
export interface Gpu {
  /** Lives as long as the device is used: the package does not see to it. */
  readonly instance: GPU;
  readonly device: GPUDevice;
  /** Numbers (float32) that one buffer holds. */
  readonly most: number;
  /** What multiplies small matrices, where the GPU says that it has it. */
  readonly unit: MatrixUnit | undefined;
  readonly layout: GPUBindGroupLayout;
  pipeline(code: string): Promise<GPUComputePipeline>;
  /** Throws what went wrong on the device since the last call. */
  check(): void;
}

const packageName = 'webgpu';

/** Whether the package that brings WebGPU to Node is installed. */
export function hasPackage(): boolean {
  try {
    createRequire(import.meta.url).resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

let opened: Promise<Gpu> | undefined;

/**
 * The GPU of this thread, opened once.
 *
 * @throws NasError ENGINE_SHADERS_MISSING where the package or a GPU is missing.
 */
export function openGpu(): Promise<Gpu> {
  opened ??= open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

interface WebGpuPackage {
  readonly create: (options: readonly string[]) => GPU;
}

/**
 * Indices are right as they are written: Dawn, the library behind the package, need not check each of them on the GPU. It lends
 * the units for matrices to those who allow what browsers do not yet.
 */
const toggles = ['enable-dawn-features=disable_robustness,skip_validation,allow_unsafe_apis,vulkan_enable_f16_on_nvidia'];

async function open(): Promise<Gpu> {
  const { create } = await load();
  const instance = create(toggles);
  const adapter = await instance.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw missing('WebGPU finds no graphics driver (on Linux: Vulkan)');
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = adapter.limits;
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize };
  const unit = unitOf(adapter);
  const requiredFeatures = (unit ? unitFeatures : []) as readonly GPUFeatureName[];
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const errors: string[] = [];
  device.addEventListener('uncapturederror', (event) => errors.push((event as GPUUncapturedErrorEvent).error.message));
  void watch(device, errors);
  const layout = layoutOn(device);
  return {
    instance,
    device,
    layout,
    unit,
    most: Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4 / 64) * 64,
    pipeline: pipelines(device, layout),
    check() {
      const [first] = errors.splice(0);
      if (first !== undefined) throw failed(first);
    },
  };
}

/** A GPU that is lost is opened anew by the next training. */
async function watch(device: GPUDevice, errors: string[]): Promise<void> {
  const { message } = await device.lost;
  errors.push(`the GPU is lost: ${message}`);
  opened = undefined;
}

async function load(): Promise<WebGpuPackage> {
  try {
    const { create, globals } = (await import(packageName)) as WebGpuPackage & { readonly globals: object };
    Object.assign(globalThis, globals);
    return { create };
  } catch (error) {
    throw missing(
      `the package ${packageName} is missing or cannot be loaded (${firstLine(error)}). Get it: npm install ${packageName}`,
    );
  }
}

/** Arguments differ from program to program: a dynamic offset into one buffer of them. */
const layoutOn = (device: GPUDevice): GPUBindGroupLayout =>
  device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
      ...Array.from({ length: rangesBinding }, (_, i) => ({
        binding: i + 1,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: 'storage' as const },
      })),
    ],
  });

/** Enough for some networks. */
const mostKept = 4000;

function pipelines(device: GPUDevice, layout: GPUBindGroupLayout): Gpu['pipeline'] {
  const known = new Map<string, Promise<GPUComputePipeline>>();
  const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  return (code) => {
    const found = known.get(code);
    if (found) return found;
    if (known.size >= mostKept) known.clear();
    const made = device.createComputePipelineAsync({
      layout: pipelineLayout,
      compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    });
    known.set(code, made);
    made.catch(() => known.delete(code));
    return made;
  };
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!;

const missing = (what: string) => new NasError('ENGINE_SHADERS_MISSING', `${what}.`);

export const failed = (message: string, cause?: unknown) =>
  new NasError('ENGINE_RUN', `the GPU failed to run the step: ${message}`, { exitCode: exitCodes.failure, cause });
