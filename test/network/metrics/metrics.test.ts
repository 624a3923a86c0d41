import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/network/engine/session.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { measureMetrics, metricInfos, metrics } from '../../../src/network/metrics/index.ts';
import { type LatencyResult, measureLatency } from '../../../src/network/metrics/latency.ts';
import type { MeasureContext } from '../../../src/network/metrics/metric.ts';
import type { LatencyUse } from '../../../src/network/metrics/use.ts';

/** Conv 1→`channels` 3×3 on 8×8, ReLU, mean over the pixels, dense to 10. */
function network(channels: number, batch: number): Graph {
  const b = new Builder('net');
  const weight = (name: string, shape: number[]) =>
    b.initializer(name, { dtype: 'float32', shape, data: new Float32Array(shape.reduce((a, n) => a * n)).fill(0.1) });
  const x = b.input('x', { dtype: 'float32', shape: [batch, 1, 8, 8] });
  const conv = b.op('Conv', [x, weight('conv.weight', [channels, 1, 3, 3]), weight('conv.bias', [channels])], {
    pads: [1, 1, 1, 1],
    kernel_shape: [3, 3],
  });
  const pooled = b.op('GlobalAveragePool', [b.op('Relu', [conv])]);
  const logits = b.op('Gemm', [b.op('Flatten', [pooled]), weight('fc.weight', [10, channels]), weight('fc.bias', [10])], {
    transB: 1,
  });
  return b.build([logits]);
}

/** Counts how often the costly parts ran. */
function contextOf(graph: Graph, latency: () => Promise<Timed>) {
  const ran = { evaluation: 0, ways: 0, latency: 0 };
  const context: MeasureContext = {
    graph,
    bytes: encode(graph),
    async evaluation() {
      ran.evaluation++;
      return {
        accuracy: 0.5,
        perClass: [
          { name: 'cat', precision: 0.4, recall: 0.9, images: 10 },
          { name: 'big dog', precision: 0.7, recall: 0.3, images: 30 },
          { name: 'unicorn', precision: 0, recall: 0, images: 0 },
        ],
      };
    },
    async ways() {
      ran.ways++;
      return [
        { decisions: { a: true }, macs: 100, images: [0, 1, 3] },
        { decisions: { a: false }, macs: 500, images: [2] },
      ];
    },
    latency() {
      ran.latency++;
      return latency();
    },
  };
  return { context, ran };
}

type Timed = LatencyResult & LatencyUse;

const someLatency = { medianMs: 3, ratio: 0.25, batch: 6, threads: 2 } as Timed;

describe('measureMetrics', () => {
  it('counts for one image, whatever the batch', async () => {
    for (const batch of [1, 16]) {
      const { context } = contextOf(network(4, batch), async () => someLatency);
      const values = await measureMetrics(['macs', 'params', 'size'], context);
      // 8·8 places × 4 channels × 9 taps, and 4 × 10; weights and biases of both layers.
      expect(values).toEqual({ macs: 64 * 4 * 9 + 40, params: 4 * 9 + 4 + 40 + 10, size: context.bytes.length });
    }
  });

  it('runs the costly parts once at most, and only when asked', async () => {
    const cheap = contextOf(network(4, 1), async () => someLatency);
    await measureMetrics(['size', 'params'], cheap.context);
    expect(cheap.ran).toEqual({ evaluation: 0, ways: 0, latency: 0 });
    const all = contextOf(network(4, 1), async () => someLatency);
    const names = metricInfos.filter(({ of }) => !of).map((info) => info.name);
    expect(await measureMetrics(names, all.context)).toMatchObject({
      accuracy: 0.5,
      expectedMacs: 200,
      latencyMs: 3,
      latencyRatio: 0.25,
      throughput: 2000,
      balancedAccuracy: 0.6,
      worstRecall: 0.3,
    });
    expect(all.ran).toEqual({ evaluation: 1, ways: 1, latency: 1 });
  });

  it('takes recall and precision of the class in the name', async () => {
    const { context, ran } = contextOf(network(4, 1), async () => someLatency);
    const values = await measureMetrics(['recall(big dog)', 'recall(cat)', 'precision(cat)'], context);
    expect(values).toEqual({ 'recall(big dog)': 0.3, 'recall(cat)': 0.9, 'precision(cat)': 0.4 });
    expect(ran).toEqual({ evaluation: 1, ways: 0, latency: 0 });
    await expect(measureMetrics(['recall(dog)'], context)).rejects.toMatchObject({
      code: 'DATA_CLASS',
      message: 'the data have no class "dog". Classes: cat, big dog, unicorn.',
    });
  });

  it('refuses an unknown name before anything runs', async () => {
    const { context, ran } = contextOf(network(4, 1), async () => someLatency);
    await expect(measureMetrics(['latencyMs', 'acuracy'], context)).rejects.toMatchObject({
      code: 'UNKNOWN_METRIC',
      message: expect.stringContaining('Did you mean "accuracy"?'),
    });
    expect(ran.latency).toBe(0);
  });

  it('has every name once', () => {
    expect(new Set(metricInfos.map((info) => info.name)).size).toBe(metrics.length);
  });
});

it('measures real files', async () => {
  const [small, large] = [encode(network(4, 1)), encode(network(256, 1))];
  const result = await measureLatency({
    candidate: small,
    baseline: large,
    input: { name: 'x', shape: [1, 1, 8, 8], kinds: [{ share: 1, images: [new Float32Array(64)] }] },
    open: (bytes) => openSession(bytes),
    options: { maxSeconds: 0.5 },
  });
  expect(result.ratioLow).toBeGreaterThan(0);
  expect(result.ratioLow).toBeLessThanOrEqual(result.ratio);
  expect(result.ratio).toBeLessThanOrEqual(result.ratioHigh);
  expect(result.baselineMs).toBeGreaterThan(0);
  expect(result.minMs).toBeGreaterThan(0);
  expect(result.lowMs).toBeLessThanOrEqual(result.medianMs);
  expect(result.medianMs).toBeLessThanOrEqual(result.highMs);
  expect(result.rounds).toBeGreaterThanOrEqual(6);
});
