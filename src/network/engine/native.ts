/** onnxruntime's own calls: its options, its tensors, and its errors as ours. */
import './no-telemetry.ts';
import * as ort from 'onnxruntime-node';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { DType, Tensor, TensorData } from '../ir/graph.ts';
import type { ProfileFolder } from './profile.ts';
import type { SessionOptions, Tensors } from './session.ts';

export type NativeSession = ort.InferenceSession;
export type NativeTensors = Readonly<Record<string, ort.Tensor>>;

/** Spinning threads burn the cores that other candidates train on (ENGINE.md §4). */
export function nativeOptions(
  { threads = 1, device = 'cpu', asWritten = false }: SessionOptions,
  profile?: ProfileFolder,
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

/** @throws NasError ENGINE_MODEL where onnxruntime refuses it. */
export async function load(bytes: Uint8Array, options: ort.InferenceSession.SessionOptions): Promise<ort.InferenceSession> {
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

/** @throws NasError ENGINE_RUN with onnxruntime's own words. */
export async function run(
  native: ort.InferenceSession,
  feeds: NativeTensors,
  fetches: NativeTensors = {},
): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await (Object.keys(fetches).length > 0 ? native.run(feeds, fetches) : native.run(feeds));
  } catch (error) {
    throw new NasError('ENGINE_RUN', `onnxruntime failed to run the model: ${messageOf(error)}`, {
      exitCode: exitCodes.failure,
      cause: error,
    });
  }
}

export const toNative = (tensors: Tensors): Record<string, ort.Tensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, data, shape }]) => [name, new ort.Tensor(dtype, data, [...shape])]),
  );

export const fromNative = (values: ort.InferenceSession.OnnxValueMapType): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(values).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type as DType, shape: [...dims], data: data as TensorData },
    ]),
  );

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).trim();
