import './no-telemetry.ts';
import * as ort from 'onnxruntime-node';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { DType, Tensor, TensorData } from '../ir/graph.ts';
import type { Device } from './choice.ts';
import { type NodeTime, type ProfileFolder, profileFolder } from './profile.ts';

export interface SessionOptions {
  /** Threads that one node may use. Default 1: two candidates with one thread each beat one with two (ENGINE.md §5). */
  readonly threads?: number;
  /** Where nodes run; those that a GPU's provider lacks run on the CPU. Default: the CPU. */
  readonly device?: Device;
  /**
   * Runs the graph node by node as it is written, without a plan of its memory: for one that a lowering wrote. Opens in a
   * third of the time, takes half the memory, and steps as fast.
   */
  readonly asWritten?: boolean;
  /** Records how long every node runs; read it with `endProfiling`. */
  readonly profile?: boolean;
}

/** Tensors by the name of the input or output. Data on a SharedArrayBuffer must be copied first. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A loaded model. `run` is native code that blocks the thread and cannot be stopped; release it always, or use `withSession`. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * One run. `fetches` are tensors of the right type and shape that the results are written to, by name; other outputs
   * do not come back. Without it every output comes back in memory of its own.
   *
   * @throws NasError ENGINE_RUN with onnxruntime's own words.
   */
  run(feeds: Tensors, fetches?: Tensors): Promise<Record<string, Tensor>>;
  /** The time of every node in every run since the session was opened with `profile`, in order. Ends the recording. */
  endProfiling(): Promise<readonly NodeTime[]>;
  /** Gives the memory back. Twice is once. */
  release(): Promise<void>;
}

/**
 * Loads a model from its bytes.
 *
 * @throws NasError ENGINE_MODEL where onnxruntime refuses it.
 */
export async function openSession(bytes: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const profile = options.profile ? await profileFolder() : undefined;
  const native = await load(bytes, nativeOptions(options, profile)).catch(async (error: unknown) => {
    await profile?.remove();
    throw error;
  });
  let open = true;
  return {
    inputs: native.inputNames,
    outputs: native.outputNames,
    run: (feeds, fetches) => run(native, feeds, fetches),
    async endProfiling() {
      native.endProfiling();
      return (await profile?.read()) ?? [];
    },
    async release() {
      if (!open) return;
      open = false;
      await native.release();
      await profile?.remove();
    },
  };
}

/** Opens a session, gives it to `work`, and releases it however `work` ends. */
export async function withSession<T>(
  bytes: Uint8Array,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(bytes, options);
  try {
    return await work(session);
  } finally {
    await session.release();
  }
}

/** Spinning threads burn the cores that other candidates train on (ENGINE.md §4). */
function nativeOptions(
  { threads = 1, device = 'cpu', asWritten = false }: SessionOptions,
  profile: ProfileFolder | undefined,
): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [...(device === 'cpu' ? [] : [providerOptions[device]]), 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: asWritten ? 'disabled' : 'all',
    enableMemPattern: !asWritten,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    ...(profile ? { enableProfiling: true, profileFilePrefix: profile.prefix } : {}),
  };
}

/** The graphs are written for this layout: in the other one every convolution stands between two transpositions. */
const providerOptions = { cuda: 'cuda', webgpu: { name: 'webgpu', preferredLayout: 'NCHW' } } as const;

async function load(bytes: Uint8Array, options: ort.InferenceSession.SessionOptions): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, options);
  } catch (error) {
    throw new NasError('ENGINE_MODEL', `onnxruntime refuses the model (${bytes.length} bytes): ${messageOf(error)}`, {
      facts: { bytes: bytes.length },
      exitCode: exitCodes.failure,
      cause: error,
    });
  }
}

async function run(native: ort.InferenceSession, feeds: Tensors, fetches?: Tensors): Promise<Record<string, Tensor>> {
  try {
    if (!fetches) return fromNative(await native.run(toNative(feeds)));
    await native.run(toNative(feeds), toNative(fetches));
    return { ...fetches };
  } catch (error) {
    throw new NasError('ENGINE_RUN', `onnxruntime failed to run the model: ${messageOf(error)}`, {
      exitCode: exitCodes.failure,
      cause: error,
    });
  }
}

const toNative = (tensors: Tensors): Record<string, ort.Tensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, data, shape }]) => [name, new ort.Tensor(dtype, data, [...shape])]),
  );

const fromNative = (values: ort.InferenceSession.OnnxValueMapType): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(values).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type as DType, shape: [...dims], data: data as TensorData },
    ]),
  );

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim();
