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
  /** Files, as they were opened. */
  const opened: number[] = [];
  return {
    log,
    runs,
    open,
    opened,
    clock: () => now,
    async openSession(bytes: Uint8Array) {
      const file = bytes[0]!;
      open.add(file);
      opened.push(file);
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

/** `share`: of the time, that the processor works for this process. */
function measure(costs: readonly [Cost, Cost], options: Partial<LatencyOptions> = {}, kinds = oneKind, share?: number) {
  const host = machine(costs);
  const result = measureLatency({
    candidate: Uint8Array.of(0),
    baseline: Uint8Array.of(1),
    input: { name: 'x', shape: [1, 1, 2, 2], kinds },
    open: (bytes) => host.openSession(bytes),
    options,
    clock: host.clock,
    ...(share === undefined ? {} : { processorTime: () => share * host.clock() }),
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
  it('of a steady machine: the exact times, at the first check of every sitting', async () => {
    const { result } = measure([steady(2), steady(8)], { maxSeconds: 2 });
    const { sittings, rounds, noisy, ...times } = await result;
    expect({ sittings, rounds, noisy }).toEqual({ sittings: 7, rounds: 140, noisy: false });
    const expected = { medianMs: 2, lowMs: 2, highMs: 2, minMs: 2, p50Ms: 2, p95Ms: 2, baselineMs: 8 };
    const ratios = { ratio: 0.25, ratioLow: 0.25, ratioHigh: 0.25 };
    for (const [name, value] of Object.entries({ ...expected, ...ratios }))
      expect(times[name as keyof typeof times], name).toBeCloseTo(value, 9);
  });

  it('times each once a round, in alternating order, with fresh sessions for every sitting', async () => {
    const { host, result } = measure([steady(2), steady(8)], { warmup: 5, maxSeconds: 10 });
    await result;
    const rounds = host.log.slice(10).map(({ file }) => file);
    expect(rounds.slice(0, 8)).toEqual([0, 1, 1, 0, 0, 1, 1, 0]);
    expect(host.runs).toEqual([175, 175]);
    expect(host.opened).toHaveLength(14);
    expect(host.opened.slice(0, 6)).toEqual([0, 1, 1, 0, 0, 1]);
  });

  it('averages over kinds of images by their share, and tells how many take how long', async () => {
    const byImage: Cost = (_, __, pixel) => pixel;
    const kinds = [
      { share: 0.75, images: [Float32Array.of(1)] },
      { share: 0.25, images: [Float32Array.of(9), Float32Array.of(9)] },
    ];
    const { result } = measure([byImage, steady(6)], {}, kinds);
    expect(await result).toMatchObject({
      medianMs: expect.closeTo(3, 9),
      ratio: expect.closeTo(0.5, 9),
      p50Ms: 1,
      p95Ms: 9,
    });
  });

  it('lets the first, slow runs pass', async () => {
    const warming: Cost = (_, run) => (run % 50 < 10 ? 50 : 2);
    const { result } = measure([warming, steady(2)], { warmup: 30, maxSeconds: 100 });
    const { medianMs, highMs, ratio } = await result;
    expect([medianMs, highMs, ratio]).toEqual([2, 2, 1].map((value) => expect.closeTo(value, 9)));
  });

  it('cuts the warm-up of a slow model short, and still runs three rounds a sitting', async () => {
    const { host, result } = measure([steady(1000), steady(4000)], { maxSeconds: 1 });
    expect(await result).toMatchObject({ rounds: 21, medianMs: expect.closeTo(1000, 6), ratio: expect.closeTo(0.25, 9) });
    expect(host.runs).toEqual([42, 42]);
  });

  it('times several runs at once where one is short', async () => {
    const { host, result } = measure([steady(0.03), steady(0.2)], { warmup: 5 });
    expect((await result).medianMs).toBeCloseTo(0.03, 9);
    expect((await result).ratio).toBeCloseTo(0.15, 9);
    expect(host.runs).toEqual([7 * (5 + 20 * 4), 7 * (5 + 20)]);
  });

  it('goes on with a sitting until its median is known well', async () => {
    const rng = createRng('wide');
    const { result } = measure([jitter(2, 0.2, rng), jitter(4, 0.2, rng)], { maxSeconds: 100, targetWidth: 0.05 });
    const { rounds, sittings, ratio } = await result;
    expect(rounds / sittings).toBeGreaterThan(100);
    expect(rounds / sittings).toBeLessThan(2000);
    expect(ratio).toBeCloseTo(0.5, 1);
  });

  it('sits more often where sittings differ, and expects the next one where they lie', async () => {
    const factors = [1, 1.1, 0.95, 1.05, 0.9, 1.02, 0.98, 1.1, 0.9, 1.1, 0.95, 1.05];
    const differing: Cost = (_, run) => 2 * factors[Math.floor(run / 25)]!;
    const { result } = measure([differing, steady(2)], { warmup: 5, targetWidth: 1 });
    const { sittings, ratioLow, ratioHigh, noisy } = await result;
    expect(sittings).toBe(12);
    expect(ratioLow).toBeLessThan(0.9);
    expect(ratioHigh).toBeGreaterThan(1.1);
    expect(noisy).toBe(false); // that is the candidate's: the machine was steady
  });

  it('stops at the cap of time and of rounds', async () => {
    const { host, result } = measure([jitter(2, 0.5, createRng('cap', 0)), jitter(2, 0.5, createRng('cap', 1))], {
      targetWidth: 0.001,
      targetPrediction: 10,
      maxSeconds: 0.5,
    });
    expect((await result).rounds).toBeGreaterThan(60);
    expect(host.clock() - 1000).toBeLessThan(500 + 7 * (2 * 10 + 30));
    const capped = measure([jitter(2, 0.5, createRng('cap', 0)), steady(2)], {
      targetWidth: 0.001,
      targetPrediction: 10,
      maxSeconds: 100,
      maxRounds: 77,
    });
    expect((await capped.result).rounds).toBe(7 * 77);
  });

  it('a machine that slows down for a while spoils the times but not the ratio', async () => {
    const slowdown = (at: number) => (at > 2000 && at < 4000 ? 3 : 1);
    const { result } = measure([(at) => 2 * slowdown(at), (at) => 4 * slowdown(at)], {
      targetWidth: 1e-9,
      maxRounds: 150,
      maxSeconds: 100,
    });
    const { ratio, ratioLow, ratioHigh, noisy } = await result;
    expect([ratio, ratioLow, ratioHigh]).toEqual([0.5, 0.5, 0.5].map((value) => expect.closeTo(value, 3)));
    expect(noisy).toBe(true);
  });

  it('rare long waits do not count as noise, drift does, and a processor that others have too', async () => {
    const rng = createRng('waits');
    const waits: Cost = () => (rng.uniform() < 0.05 ? 14 : 4);
    expect(await measure([steady(2), waits]).result).toMatchObject({ noisy: false, baselineMs: expect.closeTo(4, 9) });
    const drift: Cost = (at) => 4 + (at - 1000) / 200;
    expect(await measure([steady(2), drift], { maxRounds: 100, targetWidth: 1e-9 }).result).toMatchObject({ noisy: true });
    for (const [share, noisy] of [[0.5, true] as const, [1, false] as const]) {
      const { host, result } = measure([steady(2), steady(4)], {}, oneKind, share);
      expect(await result, `${share}`).toMatchObject({ noisy });
      expect(host.open.size).toBe(0);
    }
  });

  it('another process, laid out anew, finds the ratio where it was stated', async () => {
    let found = 0;
    const pairs = 200;
    const process = async (pair: number, which: number) => {
      const rng = createRng('processes', pair, which);
      const own = Math.exp(0.015 * rng.normal());
      const factors = Array.from({ length: 12 }, () => own * Math.exp(0.015 * rng.normal()));
      const candidate: Cost = (_, run) => factors[Math.floor(run / 23)]! * Math.exp(0.03 * rng.normal());
      return measure([candidate, jitter(2, 0.03, rng)], { warmup: 3, targetWidth: 1, maxSeconds: 100 }).result;
    };
    for (let pair = 0; pair < pairs; pair++) {
      const [stated, again] = [await process(pair, 0), await process(pair, 1)];
      if (stated.ratioLow <= again.ratio && again.ratio <= stated.ratioHigh) found++;
    }
    expect(found / pairs).toBeGreaterThan(0.95);
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
