import { type LatencyJob, measureLatency } from './latency.ts';

/** A run that takes longer hardly feels what the JavaScript around it takes. */
const slowMs = 5;

let settled: Promise<unknown> | undefined;

/**
 * Once in a thread, before anything is timed: the baseline is measured against itself, so that what the JavaScript engine
 * compiles in the background is compiled. Until then a small network takes more time, which falls all the while and seems to
 * be the machine's unrest. A slow baseline is left alone. Where it fails, the next trial tries again.
 */
export function settle(job: LatencyJob): Promise<unknown> {
  settled ??= measureItself(job).catch((error: unknown) => {
    settled = undefined;
    throw error;
  });
  return settled;
}

async function measureItself(job: LatencyJob): Promise<void> {
  if (await isSlow(job)) return;
  const options = { targetWidth: 0, targetPrediction: 0, maxSeconds: 0.3 };
  await measureLatency({ ...job, candidate: job.baseline, options });
}

async function isSlow({ baseline, input: { name, shape, kinds }, open }: LatencyJob): Promise<boolean> {
  const session = await open(baseline);
  try {
    const feeds = { [name]: { dtype: 'float32', shape, data: kinds[0]!.images[0]! } } as const;
    await session.run(feeds); // the first run makes the session's buffers
    const start = performance.now();
    await session.run(feeds);
    return performance.now() - start > slowMs;
  } finally {
    await session.release();
  }
}
