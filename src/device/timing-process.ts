/** Entry of the process that measures on a device: one timing in, one result out, again and again. */
import { endWithParent } from '../core/with-parent.ts';
import type { LatencyResult } from '../network/metrics/latency.ts';
import { type TimedFiles, timeFiles } from '../network/metrics/timing.ts';

export type TimingReply =
  | { readonly type: 'done'; readonly latency: LatencyResult }
  | { readonly type: 'failed'; readonly message: string };

const send = (reply: TimingReply) => void process.send?.(reply);

endWithParent();
process.on('message', (timing: TimedFiles) => {
  timeFiles(timing).then(
    (latency) => send({ type: 'done', latency }),
    (error: unknown) => send({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});
