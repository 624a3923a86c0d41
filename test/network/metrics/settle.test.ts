import { beforeEach, expect, it, vi } from 'vitest';
import type { LatencyJob } from '../../../src/network/metrics/latency.ts';

/** A baseline whose runs take so many milliseconds; counts them. */
function baselineOf(ms: number) {
  const counts = { opened: 0, runs: 0, released: 0 };
  const job: LatencyJob = {
    candidate: Uint8Array.of(0),
    baseline: Uint8Array.of(1),
    input: { name: 'x', shape: [1, 1, 2, 2], kinds: [{ share: 1, images: [new Float32Array(4)] }] },
    open: async () => {
      counts.opened++;
      return {
        async run() {
          counts.runs++;
          const end = performance.now() + ms;
          while (performance.now() < end);
        },
        release: () => void counts.released++,
      };
    },
  };
  return { counts, job };
}

let settle: (job: LatencyJob) => Promise<unknown>;

beforeEach(async () => {
  vi.resetModules();
  ({ settle } = await import('../../../src/network/metrics/settle.ts'));
});

it('runs a small baseline many times, once', async () => {
  const { counts, job } = baselineOf(0.01);
  await settle(job);
  const { runs } = counts;
  expect(runs).toBeGreaterThan(1000);
  await settle(job);
  expect(counts.runs).toBe(runs);
  expect(counts.released).toBe(counts.opened);
});

it('leaves a slow one alone', async () => {
  const { counts, job } = baselineOf(20);
  await settle(job);
  expect(counts).toEqual({ opened: 1, runs: 2, released: 1 });
});

it('tries again where it failed', async () => {
  const { counts, job } = baselineOf(0.01);
  await expect(settle({ ...job, open: () => Promise.reject(new Error('no memory')) })).rejects.toThrow('no memory');
  await settle(job);
  expect(counts.runs).toBeGreaterThan(1000);
});
