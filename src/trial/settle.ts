import { type LatencyJob, measureLatency } from '../network/metrics/latency.ts';

let settled: Promise<unknown> | undefined;

/**
 * Once in a process, before anything is timed: the baseline is measured against itself, so that what the JavaScript engine
 * compiles in the background is compiled. Before, a network of 0.03 ms takes a third more time, and seems to be restless while
 * that falls. Takes less than a second.
 */
export function settle(job: LatencyJob): Promise<unknown> {
  settled ??= measureLatency({
    ...job,
    candidate: job.baseline,
    options: { targetWidth: 0, targetPrediction: 0, maxSeconds: 0.3 },
  });
  return settled;
}
