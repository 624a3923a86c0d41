import type { Tensor } from '../ir/graph.ts';
import type { Device } from './choice.ts';
import { fromNative, load, nativeOptions, run, toNative } from './native.ts';
import { type NodeTime, profileFolder } from './profile.ts';

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
  /**
   * Present where values stay on the device from one run to the next: copies of them, by the name of the input that reads
   * them. Such a run takes those that it is fed, and else what the last one left; it does not return them.
   */
  readCarried?(): Promise<Record<string, Tensor>>;
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
    async run(feeds, fetches) {
      if (!fetches) return fromNative(await run(native, toNative(feeds)));
      await run(native, toNative(feeds), toNative(fetches));
      return { ...fetches };
    },
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
