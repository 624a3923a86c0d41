/// <reference types="@webgpu/types" />
import { type DType, dataArrays, elementCount, type Tensor, type TensorType } from '../../ir/graph.ts';
import { failed, type Gpu } from './device.ts';

/** A value on the GPU: where its bytes begin, and how many they are. */
export interface Source {
  readonly name: string;
  readonly type: TensorType;
  readonly buffer: GPUBuffer;
  readonly at: number;
  readonly bytes: number;
}

/** Brings values to the CPU's memory, always the same ones. */
export class Reader {
  readonly #gpu: Gpu;
  readonly #sources: readonly Source[];
  /** In `target`, bytes. */
  readonly #starts: readonly number[];
  readonly #target: GPUBuffer;

  constructor(gpu: Gpu, sources: readonly Source[]) {
    this.#gpu = gpu;
    this.#sources = sources;
    const total = (count: number) => sources.slice(0, count).reduce((sum, { bytes }) => sum + bytes, 0);
    this.#starts = sources.map((_, i) => total(i));
    const { MAP_READ, COPY_DST } = GPUBufferUsage;
    this.#target = gpu.device.createBuffer({ size: Math.max(4, total(sources.length)), usage: MAP_READ | COPY_DST });
  }

  copy(encoder: GPUCommandEncoder): void {
    this.#sources.forEach(({ buffer, at, bytes }, i) => {
      encoder.copyBufferToBuffer(buffer, at, this.#target, this.#starts[i]!, bytes);
    });
  }

  /** Submits commands with such copies at their end; `meanwhile` runs while the GPU does. */
  async read(commands: GPUCommandBuffer, meanwhile: () => void = () => {}): Promise<Record<string, Tensor>> {
    try {
      this.#gpu.device.queue.submit([commands]);
      const mapped = this.#target.mapAsync(GPUMapMode.READ);
      meanwhile();
      await mapped;
    } catch (error) {
      this.#gpu.check();
      throw failed(error instanceof Error ? error.message : String(error), error);
    }
    this.#gpu.check();
    const range = this.#target.getMappedRange();
    const found = this.#sources.map(
      ({ name, type, bytes }, i) => [name, tensorOf(type, new Float32Array(range, this.#starts[i], bytes / 4))] as const,
    );
    this.#target.unmap();
    return Object.fromEntries(found);
  }

  release(): void {
    this.#target.destroy();
  }
}

function tensorOf({ dtype, shape }: TensorType, floats: Float32Array): Tensor {
  if (floats.length !== elementCount(shape)) throw new Error(`${shape.join('×')} came with ${floats.length} numbers`);
  return { dtype, shape, data: dataOf(dtype, floats) };
}

/** A copy in the arrays of the type. */
function dataOf(dtype: DType, floats: Float32Array): Tensor['data'] {
  if (dtype === 'int64') return BigInt64Array.from(floats, (value) => BigInt(Math.trunc(value)));
  return dataArrays[dtype].from(floats);
}
