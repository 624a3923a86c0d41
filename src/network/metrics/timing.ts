import { openSession } from '../engine/session.ts';
import type { Shape } from '../ir/graph.ts';
import { type ImageKind, type LatencyJob, type LatencyOptions, type LatencyResult, measureLatency } from './latency.ts';
import { settle } from './settle.ts';

export interface TimedFiles {
  /** Two ONNX files with the same input. */
  readonly candidate: Uint8Array;
  readonly baseline: Uint8Array;
  /** The images of one run: shape [B, C, H, W]. */
  readonly input: { readonly name: string; readonly shape: Shape; readonly kinds: readonly ImageKind[] };
  /** That a run may use. */
  readonly threads: number;
  readonly options?: Partial<LatencyOptions>;
}

/** Times a file on this machine, in turns with the baseline; see `measureLatency`. Call it in an exclusive lane. */
export async function timeFiles({ threads, ...files }: TimedFiles): Promise<LatencyResult> {
  const open = (file: Uint8Array) => openSession(file, { threads });
  const job: LatencyJob = { ...files, open, processorTime };
  await settle(job);
  return measureLatency(job);
}

/** Of all threads: the others wait in the meantime. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
