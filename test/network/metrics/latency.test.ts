import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../../src/core/rng.ts';
import type { Tensor } from '../../../src/network/ir/graph.ts';
import { type ImageKind, type LatencyOptions, measureLatency } from '../../../src/network/metrics/latency.ts';

/** Milliseconds that run number `run` takes when it starts at `now`, for an image that begins with `pixel`. */
type Cost = (now: number, run: number, pixel: number) => number;

/** Two sessions that do nothing but let a clock of their own go on. Files are one byte: 0 the candidate, 1 the baseline. */
function machine(costs: readonly [candidate: Cost, baseline: Cost]) {
  let now = 1000;
  const log: { file: number; at: number }[] = [];
  const runs = [0, 0];
  const open = new Set<number>();
  return {
    log,
    runs,
    open,
    clock: () => now,
    async openSession(bytes: Uint8Array) {
      const file = bytes[0]!;
      open.add(file);
      return {
        async run({ x }: Readonly<Record<string, Tensor>>) {
          log.push({ file, at: now });
          now += costs[file]!(now, runs[file]!++, Number(x!.data[0]));
        },
        async release() {
          open.delete(file);
        },
      };
    },
  };
}

const oneKind: readonly ImageKind[] = [{ share: 1, images: [new Float32Array(4)] }];

function measure(costs: readonly [Cost, Cost], options: Partial<LatencyOptions> = {}, kinds = oneKind) {
  const host = machine(costs);
  const result = measureLatency({
    candidate: Uint8Array.of(0),
    baseline: Uint8Array.of(1),
    input: { name: 'x', shape: [1, 1, 2, 2], kinds },
    open: (bytes) => host.openSession(bytes),
    options,
    clock: host.clock,
  });
  return { host, result };
}

const steady =
  (ms: number): Cost =>
  () =>
    ms;
const jitter =
  (ms: number, spread: number, rng: Rng): Cost =>
  () =>
    ms * Math.exp(spread * rng.normal());

describe('measureLatency', () => {
  it('of a steady machine: the exact times, at the first check', async () => {
    const { result } = measure([steady(2), steady(8)]);
    expect(await result).toEqual({
      medianMs: 2,
      lowMs: 2,
      highMs: 2,
      minMs: 2,
      p50Ms: 2,
      p95Ms: 2,
      ratio: 0.25,
      ratioLow: 0.25,
      ratioHigh: 0.25,
      baselineMs: 8,
      rounds: 20,
      noisy: false,
    });
  });

  it('times each once a round, in alternating order', async () => {
    const { host, result } = measure([steady(2), steady(8)], { warmup: 5 });
    await result;
    const rounds = host.log.slice(10).map(({ file }) => file);
    expect(rounds.slice(0, 8)).toEqual([0, 1, 1, 0, 0, 1, 1, 0]);
    expect(host.runs).toEqual([25, 25]);
  });

  it('averages over kinds of images by their share, and tells how many take how long', async () => {
    const byImage: Cost = (_, __, pixel) => pixel;
    const kinds = [
      { share: 0.75, images: [Float32Array.of(1)] },
      { share: 0.25, images: [Float32Array.of(9), Float32Array.of(9)] },
    ];
    const { result } = measure([byImage, steady(6)], {}, kinds);
    expect(await result).toMatchObject({ medianMs: 3, ratio: 0.5, baselineMs: 6, p50Ms: 1, p95Ms: 9 });
  });

  it('lets the first, slow runs pass', async () => {
    const warming: Cost = (_, run) => (run < 10 ? 50 : 2);
    const { result } = measure([warming, steady(2)], { warmup: 30, maxSeconds: 20 });
    expect(await result).toMatchObject({ medianMs: 2, highMs: 2, ratio: 1 });
  });

  it('cuts the warm-up of a slow model short, and still runs the six rounds that an interval needs', async () => {
    const { host, result } = measure([steady(1000), steady(4000)], { maxSeconds: 1 });
    expect(await result).toMatchObject({ rounds: 6, medianMs: 1000, ratio: 0.25 });
    expect(host.runs).toEqual([9, 9]);
  });

  it('times several runs at once where one is short', async () => {
    const { host, result } = measure([steady(0.03), steady(0.2)], { warmup: 5 });
    expect((await result).medianMs).toBeCloseTo(0.03, 9);
    expect((await result).ratio).toBeCloseTo(0.15, 9);
    expect(host.runs).toEqual([5 + 20 * 4, 5 + 20]);
  });

  it('goes on while the interval is wide, until it is narrow', async () => {
    const rng = createRng('wide');
    const { result } = measure([jitter(2, 0.2, rng), jitter(4, 0.2, rng)], { maxSeconds: 100, targetWidth: 0.05 });
    const { rounds, lowMs, highMs, medianMs, ratioLow, ratioHigh, ratio } = await result;
    expect(rounds).toBeGreaterThan(100);
    expect(rounds).toBeLessThan(2000);
    expect((highMs - lowMs) / medianMs).toBeLessThanOrEqual(0.05);
    expect((ratioHigh - ratioLow) / ratio).toBeLessThanOrEqual(0.05);
  });

  it('stops at the cap of time and of rounds', async () => {
    const noisy = () =>
      measure([jitter(2, 0.5, createRng('cap', 0)), jitter(2, 0.5, createRng('cap', 1))], {
        targetWidth: 0.001,
        maxSeconds: 0.5,
      });
    const { host, result } = noisy();
    const { rounds } = await result;
    expect(rounds).toBeGreaterThan(60);
    expect(host.clock() - 1000).toBeLessThan(500 + 2 * 50 + 30);
    const capped = measure([jitter(2, 0.5, createRng('cap', 0)), steady(2)], {
      targetWidth: 0.001,
      maxSeconds: 100,
      maxRounds: 77,
    });
    expect((await capped.result).rounds).toBe(77);
  });

  it('a machine that slows down for a while spoils the times but not the ratio', async () => {
    const slowdown = (at: number) => (at > 1200 && at < 1400 ? 3 : 1);
    const { result } = measure([(at) => 2 * slowdown(at), (at) => 4 * slowdown(at)], {
      targetWidth: 1e-9,
      maxRounds: 150,
      maxSeconds: 100,
    });
    const { ratio, ratioLow, ratioHigh, noisy } = await result;
    expect([ratio, ratioLow, ratioHigh]).toEqual([0.5, 0.5, 0.5]);
    expect(noisy).toBe(true);
  });

  it('rare long waits do not count as noise, drift does', async () => {
    const rng = createRng('waits');
    const waits: Cost = () => (rng.uniform() < 0.05 ? 14 : 4);
    expect(await measure([steady(2), waits]).result).toMatchObject({ noisy: false, baselineMs: 4, ratio: 0.5 });
    const drift: Cost = (at) => 4 + (at - 1000) / 200;
    expect(await measure([steady(2), drift], { maxRounds: 100, targetWidth: 1e-9 }).result).toMatchObject({ noisy: true });
  });

  it('covers the true median and ratio although it looks several times', async () => {
    let times = 0;
    let ratios = 0;
    const trials = 300;
    for (let trial = 0; trial < trials; trial++) {
      const rng = createRng('sequential', trial);
      const { result } = measure([jitter(1, 0.1, rng), jitter(2, 0.1, rng)], { warmup: 3, maxSeconds: 10 });
      const { lowMs, highMs, ratioLow, ratioHigh } = await result;
      if (lowMs <= 1 && 1 <= highMs) times++;
      if (ratioLow <= 0.5 && 0.5 <= ratioHigh) ratios++;
    }
    expect(times / trials).toBeGreaterThan(0.91);
    expect(ratios / trials).toBeGreaterThan(0.91);
  });

  it('releases the sessions, also when a run or the second opening fails', async () => {
    const good = measure([steady(1), steady(1)]);
    await good.result;
    expect(good.host.open.size).toBe(0);
    const failing = measure([
      steady(1),
      () => {
        throw new Error('native');
      },
    ]);
    await expect(failing.result).rejects.toThrow('native');
    expect(failing.host.open.size).toBe(0);
    const host = machine([steady(1), steady(1)]);
    const open = (bytes: Uint8Array) => (bytes[0] === 1 ? Promise.reject(new Error('no memory')) : host.openSession(bytes));
    const input = { name: 'x', shape: [1, 1], kinds: oneKind };
    const refused = measureLatency({ candidate: Uint8Array.of(0), baseline: Uint8Array.of(1), input, open, clock: host.clock });
    await expect(refused).rejects.toThrow('no memory');
    expect(host.open.size).toBe(0);
  });
});
