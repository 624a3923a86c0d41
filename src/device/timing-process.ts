/** Entry of the process that measures on a device: one timing in, one result out, again and again. */
import type { Shape } from '../network/ir/graph.ts';
import type { ImageKind, LatencyOptions, LatencyResult } from '../network/metrics/latency.ts';
import { timeFiles } from '../network/metrics/timing.ts';

export interface Timing {
  readonly candidate: Uint8Array;
  readonly baseline: Uint8Array;
  readonly input: { readonly name: string; readonly shape: Shape; readonly kinds: readonly ImageKind[] };
  readonly threads: number;
  readonly options: Partial<LatencyOptions>;
}

export type TimingReply =
  | { readonly type: 'done'; readonly latency: LatencyResult }
  | { readonly type: 'failed'; readonly message: string };

const send = (reply: TimingReply) => void process.send?.(reply);

process.on('message', (timing: Timing) => {
  timeFiles(timing).then(
    (latency) => send({ type: 'done', latency }),
    (error: unknown) => send({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
