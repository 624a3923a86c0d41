import { type DType, dataArrays, elementCount, type Graph, type Tensor } from '../../ir/graph.ts';
import { carriedBy, nextOf } from '../carried.ts';
import type { Session, Tensors } from '../session.ts';
import { bufferCount, failed, type Gpu } from './device.ts';
import type { Place } from './memory.ts';
import { type Compiled, compile } from './program.ts';

/** A step of the run: a program with what it was given. */
interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  /** Bytes from the begin of the buffer of offsets on. */
  readonly at: number;
  readonly groups: readonly [number, number, number];
}

/**
 * Opens a train step on the GPU. What the next run reads stays there, as with a session on onnxruntime's WebGPU.
 *
 * @throws NasError ENGINE_SHADERS where an op has no rule; ENGINE_RUN where the step does not fit onto the GPU.
 */
export async function openShadersSession(gpu: Gpu, step: Graph): Promise<Session> {
  const compiled = compileFor(gpu, step);
  gpu.device.pushErrorScope('out-of-memory');
  const memory = new Memory(gpu, compiled);
  const short = await gpu.device.popErrorScope();
  if (short) {
    memory.release();
    throw failed(`its memory is full (${short.message}). Try fewer --workers`);
  }
  const dispatches = await dispatchesOf(gpu, compiled, memory.slot).catch((error: unknown) => {
    memory.release();
    throw failed(error instanceof Error ? error.message : String(error), error);
  });
  const carried = carriedBy(step);
  const returned = [...new Set(step.outputs)].filter((name) => !carried.some((input) => nextOf(input) === name));
  let open = true;
  return {
    inputs: step.inputs.map(({ name }) => name),
    outputs: step.outputs,
    async run(feeds) {
      memory.write(feeds);
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const { pipeline, at, groups } of dispatches) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, memory.group, [at]);
        pass.dispatchWorkgroups(...groups);
      }
      pass.end();
      for (const name of carried) memory.copy(encoder, nextOf(name), name);
      return memory.read(encoder, returned);
    },
    readCarried: () => memory.read(gpu.device.createCommandEncoder(), carried),
    endProfiling: () => Promise.resolve([]),
    release() {
      if (open) memory.release();
      open = false;
      return Promise.resolve();
    },
  };
}

function compileFor({ most }: Gpu, step: Graph): Compiled {
  try {
    const compiled = compile(step, most);
    if (compiled.sizes.length > bufferCount) throw new RangeError('its values do not fit into the memory that the device lends');
    return compiled;
  } catch (error) {
    if (error instanceof RangeError) throw failed(error.message, error);
    throw error;
  }
}

/** Bytes by which dynamic offsets, and copies to be mapped, go on. */
const alignment = 256;

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Each distinct program is compiled once. */
async function dispatchesOf(gpu: Gpu, { programs }: Compiled, slot: number): Promise<Dispatch[]> {
  const pipelines = await Promise.all(programs.map(({ code }) => gpu.pipeline(code)));
  return programs.map(({ groups }, i) => ({ pipeline: pipelines[i]!, at: i * slot, groups }));
}

/** The buffers of a session. */
class Memory {
  readonly group: GPUBindGroup;
  /** Bytes between the offsets of one program and those of the next. */
  readonly slot: number;
  readonly #gpu: Gpu;
  readonly #compiled: Compiled;
  readonly #buffers: readonly GPUBuffer[];
  readonly #offsets: GPUBuffer;
  /** What results come back in, as large as was needed so far. */
  #mapped: GPUBuffer | undefined;

  constructor(gpu: Gpu, compiled: Compiled) {
    this.#gpu = gpu;
    this.#compiled = compiled;
    const { device, layout } = gpu;
    const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = GPUBufferUsage;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    this.#buffers = Array.from({ length: bufferCount }, (_, i) =>
      device.createBuffer({ size: Math.max(alignment, 4 * (compiled.sizes[i] ?? 0)), usage }),
    );
    this.slot = aligned(Math.max(16, ...compiled.programs.map(({ offsets }) => 16 * Math.ceil(offsets.length / 4))));
    this.#offsets = device.createBuffer({ size: this.slot * Math.max(1, compiled.programs.length), usage: UNIFORM | COPY_DST });
    compiled.programs.forEach(({ offsets }, i) => {
      device.queue.writeBuffer(this.#offsets, i * this.slot, Uint32Array.from(offsets));
    });
    this.group = device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.#offsets, size: this.slot } },
        ...this.#buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
    this.write(Object.fromEntries(compiled.constants.map((name) => [name, compiled.graph.initializers[name]!])));
  }

  write(tensors: Tensors): void {
    for (const [name, tensor] of Object.entries(tensors)) {
      const { buffer, offset } = this.#place(name);
      this.#gpu.device.queue.writeBuffer(this.#buffers[buffer]!, 4 * offset, floatsOf(tensor));
    }
  }

  copy(encoder: GPUCommandEncoder, from: string, to: string): void {
    const [source, target] = [this.#place(from), this.#place(to)];
    const [left, right] = [this.#buffers[source.buffer]!, this.#buffers[target.buffer]!];
    encoder.copyBufferToBuffer(left, 4 * source.offset, right, 4 * target.offset, 4 * target.size);
  }

  /** Submits what was encoded, and copies of these values to be read. */
  async read(encoder: GPUCommandEncoder, names: readonly string[]): Promise<Record<string, Tensor>> {
    const places = names.map((name) => this.#place(name));
    const starts = places.map((_, i) => places.slice(0, i).reduce((sum, { size }) => sum + 4 * size, 0));
    const target = this.#room(places.reduce((sum, { size }) => sum + 4 * size, 0));
    places.forEach(({ buffer, offset, size }, i) => {
      encoder.copyBufferToBuffer(this.#buffers[buffer]!, 4 * offset, target, starts[i]!, 4 * size);
    });
    try {
      this.#gpu.device.queue.submit([encoder.finish()]);
      await target.mapAsync(GPUMapMode.READ);
    } catch (error) {
      this.#gpu.check();
      throw failed(error instanceof Error ? error.message : String(error), error);
    }
    this.#gpu.check();
    const bytes = target.getMappedRange();
    const found = names.map(
      (name, i) => [name, this.#tensor(name, new Float32Array(bytes, starts[i]!, places[i]!.size))] as const,
    );
    target.unmap();
    return Object.fromEntries(found);
  }

  release(): void {
    for (const buffer of [...this.#buffers, this.#offsets, this.#mapped]) buffer?.destroy();
  }

  #place(name: string): Place {
    return this.#compiled.places.get(name)!;
  }

  #room(bytes: number): GPUBuffer {
    if (this.#mapped && this.#mapped.size >= bytes) return this.#mapped;
    this.#mapped?.destroy();
    const { MAP_READ, COPY_DST } = GPUBufferUsage;
    this.#mapped = this.#gpu.device.createBuffer({ size: Math.max(alignment, bytes), usage: MAP_READ | COPY_DST });
    return this.#mapped;
  }

  #tensor(name: string, floats: Float32Array): Tensor {
    const { dtype, shape } = this.#compiled.graph.types[name]!;
    if (floats.length !== elementCount(shape)) throw new Error(`${name} came with ${floats.length} numbers`);
    return { dtype, shape, data: dataOf(dtype, floats) };
  }
}

/** A copy in the arrays of the type. */
function dataOf(dtype: DType, floats: Float32Array): Tensor['data'] {
  if (dtype === 'int64') return BigInt64Array.from(floats, (value) => BigInt(Math.trunc(value)));
  return dataArrays[dtype].from(floats);
}

/** Numbers are floats on the GPU, whatever they stand for. */
const floatsOf = ({ data }: Tensor): Float32Array => (data instanceof Float32Array ? data : Float32Array.from(data, Number));
