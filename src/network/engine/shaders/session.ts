import type { Graph, Tensor } from '../../ir/graph.ts';
import { carriedBy, nextOf } from '../carried.ts';
import type { Session, Tensors } from '../session.ts';
import { bufferCount, failed, type Gpu } from './device.ts';
import type { Place } from './memory.ts';
import { type Compiled, compile, type Units } from './program.ts';
import { Reader } from './reader.ts';
import { unitsWork } from './unit-check.ts';

/** A step of the run: a program with what it was given. */
interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  /** Bytes from the begin of the buffer of arguments on. */
  readonly at: number;
  readonly groups: readonly [number, number, number];
}

/**
 * Opens a train step on the GPU. What the next run reads stays there, as with a session on onnxruntime's WebGPU.
 *
 * @throws NasError ENGINE_SHADERS where an op has no rule; ENGINE_RUN where the step does not fit onto the GPU.
 */
export async function openShadersSession(gpu: Gpu, step: Graph): Promise<Session> {
  const compiled = compileFor(gpu, step, gpu.unit && { unit: gpu.unit });
  const isRight = compiled.ranges === 0 || (await unitsWorkOn(gpu));
  return sessionOf(gpu, step, isRight ? compiled : compileFor(gpu, step));
}

const checked = new WeakMap<GPUDevice, Promise<boolean>>();

/** Asked when the first train step wants the units, once for a device. */
function unitsWorkOn(gpu: Gpu): Promise<boolean> {
  const known = checked.get(gpu.device) ?? unitsWork((graph, isWanted) => openWith(gpu, graph, { unit: gpu.unit!, isWanted }));
  checked.set(gpu.device, known);
  return known;
}

/** @param units Taken as they are: whether they compute right is not asked. */
export const openWith = (gpu: Gpu, step: Graph, units?: Units): Promise<Session> =>
  sessionOf(gpu, step, compileFor(gpu, step, units));

async function sessionOf(gpu: Gpu, step: Graph, compiled: Compiled): Promise<Session> {
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
  const results = memory.reader(returned);
  const encode = () => {
    const encoder = gpu.device.createCommandEncoder();
    memory.clearRanges(encoder);
    const pass = encoder.beginComputePass();
    for (const { pipeline, at, groups } of dispatches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, memory.group, [at]);
      pass.dispatchWorkgroups(...groups);
    }
    pass.end();
    for (const name of carried) memory.copy(encoder, nextOf(name), name);
    results.copy(encoder);
    return encoder.finish();
  };
  /** The commands of the next run: written while the GPU computes this one. */
  let ahead: GPUCommandBuffer | undefined;
  let open = true;
  return {
    inputs: step.inputs.map(({ name }) => name),
    outputs: step.outputs,
    run(feeds) {
      memory.write(feeds);
      const commands = ahead ?? encode();
      ahead = undefined;
      return results.read(commands, () => {
        ahead = encode();
      });
    },
    readCarried() {
      const reader = memory.reader(carried);
      const encoder = gpu.device.createCommandEncoder();
      reader.copy(encoder);
      return reader.read(encoder.finish()).finally(() => reader.release());
    },
    endProfiling: () => Promise.resolve([]),
    release() {
      if (open) {
        results.release();
        memory.release();
      }
      open = false;
      return Promise.resolve();
    },
  };
}

function compileFor({ most }: Gpu, step: Graph, units?: Units): Compiled {
  try {
    const compiled = compile(step, most, units);
    if (compiled.sizes.length > bufferCount) throw new RangeError('its values do not fit into the memory that the device lends');
    return compiled;
  } catch (error) {
    if (error instanceof RangeError) throw failed(error.message, error);
    throw error;
  }
}

/** Bytes by which dynamic offsets go on. */
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
  /** Bytes between the arguments of one program and those of the next. */
  readonly slot: number;
  readonly #gpu: Gpu;
  readonly #compiled: Compiled;
  readonly #buffers: readonly GPUBuffer[];
  readonly #args: GPUBuffer;
  readonly #ranges: GPUBuffer;

  constructor(gpu: Gpu, compiled: Compiled) {
    this.#gpu = gpu;
    this.#compiled = compiled;
    const { device, layout } = gpu;
    const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = GPUBufferUsage;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    this.#buffers = Array.from({ length: bufferCount }, (_, i) =>
      device.createBuffer({ size: Math.max(alignment, 4 * (compiled.sizes[i] ?? 0)), usage }),
    );
    this.slot = aligned(Math.max(16, ...compiled.programs.map(({ args }) => 16 * Math.ceil(args.length / 4))));
    this.#args = device.createBuffer({ size: this.slot * Math.max(1, compiled.programs.length), usage: UNIFORM | COPY_DST });
    compiled.programs.forEach(({ args }, i) => {
      device.queue.writeBuffer(this.#args, i * this.slot, Uint32Array.from(args));
    });
    this.#ranges = device.createBuffer({ size: Math.max(alignment, 4 * compiled.ranges), usage });
    this.group = device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.#args, size: this.slot } },
        ...[...this.#buffers, this.#ranges].map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
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

  clearRanges(encoder: GPUCommandEncoder): void {
    if (this.#compiled.ranges > 0) encoder.clearBuffer(this.#ranges);
  }

  reader(names: readonly string[]): Reader {
    const values = names.map((name) => ({ name, type: this.#compiled.graph.types[name]!, ...this.#source(name) }));
    return new Reader(this.#gpu, values);
  }

  release(): void {
    for (const buffer of [...this.#buffers, this.#args, this.#ranges]) buffer.destroy();
  }

  #place(name: string): Place {
    return this.#compiled.places.get(name)!;
  }

  #source(name: string) {
    const { buffer, offset, size } = this.#place(name);
    return { buffer: this.#buffers[buffer]!, at: 4 * offset, bytes: 4 * size };
  }
}

/** Numbers are floats on the GPU, whatever they stand for. */
const floatsOf = ({ data }: Tensor): Float32Array => (data instanceof Float32Array ? data : Float32Array.from(data, Number));
