import { describe, expect, it } from 'vitest';
import type { EngineHooks } from '../../../src/network/engine/hooks.ts';
import { collectStatistics, histogramBins } from '../../../src/network/engine/statistics.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { withBatch } from '../../../src/network/ir/passes/with-batch.ts';
import { images, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { quiet } from './helpers.ts';

const graph = foldBatchNorm(trainedResnet({ blocks: [1, 1], widths: [3, 4] }, [1, 6, 6]));
const relu = graph.nodes.find((node) => node.op === 'Relu')!.outputs[0]!;
const names = ['x', relu, 'logits'];

/** 5 images, in batches of 2, 2 and 1. */
const all = images(withBatch(graph, 5), 'statistics');
const batches = [2, 2, 1].map((count, i) => ({ x: all.subarray(i * 2 * 36, (i * 2 + count) * 36), count }));

const asked = (values: readonly string[]) => values.map((value) => ({ value }));
const collect = (values: readonly string[], given = batches, hooks: Pick<EngineHooks, 'checkpoint'> = quiet) =>
  collectStatistics(graph, asked(values), () => given, hooks);

describe('statistics of activations', () => {
  const values = interpret(withBatch(graph, 5), { x: Float64Array.from(all) });

  it('have the range of all images together', async () => {
    const found = await collect(names);
    for (const name of names) {
      expect(found[name]!.min).toBeCloseTo(Math.min(...values[name]!.data), 4);
      expect(found[name]!.max).toBeCloseTo(Math.max(...values[name]!.data), 4);
    }
    expect(found[relu]!.min).toBe(0);
  });

  it('do not depend on what is asked beside them', async () => {
    const [alone, beside] = [
      await collect([relu]),
      await collect(Object.keys(graph.types).filter((name) => values[name] && !graph.initializers[name])),
    ];
    expect(beside[relu]).toEqual(alone[relu]);
  });

  it('count beyond what a float32 can', { timeout: 60_000 }, async () => {
    const side = 450;
    const b = new Builder('plane');
    const plane = b.op('Relu', [b.input('x', { dtype: 'float32', shape: [1, 1, side, side] })], {}, { name: 'plane' });
    const x = new Float32Array(84 * side * side).fill(-1);
    for (let i = 0; i < 100; i++) x[i] = 1;
    const found = await collectStatistics(
      b.build([plane]),
      [{ value: 'plane', histogram: true }],
      () => [{ x, count: 84 }],
      quiet,
    );
    expect(found['plane']!.histogram!.reduce((sum, count) => sum + count)).toBe(x.length);
    expect(x.length).toBeGreaterThan(2 ** 24);
  });

  it('have a histogram over that range where it is asked for', async () => {
    const requests = names.map((value) => ({ value, histogram: value !== 'x' }));
    const found = await collectStatistics(graph, requests, () => batches, quiet);
    expect(found['x']!.histogram).toBeUndefined();
    for (const name of names.slice(1)) {
      const { min, max, histogram } = found[name]!;
      const expected = new Float64Array(histogramBins);
      for (const value of values[name]!.data) {
        const bin = Math.floor(((value - min) / (max - min)) * histogramBins);
        expected[Math.min(Math.max(bin, 0), histogramBins - 1)]!++;
      }
      expect(histogram!.reduce((sum, count) => sum + count, 0)).toBe(values[name]!.data.length);
      // Rounding moves a number to the next part now and then.
      const moved = histogram!.reduce((sum, count, bin) => sum + Math.abs(count - expected[bin]!), 0);
      expect(moved).toBeLessThanOrEqual(0.02 * values[name]!.data.length);
    }
  });

  it('have the means of channels where they are asked for', async () => {
    const found = await collectStatistics(graph, [{ value: relu, channelMeans: true }], () => batches, quiet);
    const { shape, data } = values[relu]!;
    const [channels, inner] = [shape[1]!, shape[2]! * shape[3]!];
    const expected = Array.from({ length: channels }, () => 0);
    data.forEach((value, i) => {
      expected[Math.floor(i / inner) % channels]! += (value * channels) / data.length;
    });
    expect([...found[relu]!.channelMeans!].map((mean) => mean.toFixed(4))).toEqual(expected.map((mean) => mean.toFixed(4)));
  });

  it('come once where a value is asked for twice', async () => {
    expect(Object.keys(await collect(['x', 'x']))).toEqual(['x']);
  });

  it('stop at a checkpoint', async () => {
    const stop = new Error('told to stop');
    const checkpoint = () => {
      throw stop;
    };
    await expect(collect(names, batches, { checkpoint })).rejects.toBe(stop);
  });

  it.each([
    ['an unknown value', ['nothing'], batches, '"nothing" is no float value'],
    ['no batch', ['x'], [], 'no batch came'],
    ['numbers that are not finite', ['x'], [{ x: new Float32Array(36).fill(Number.POSITIVE_INFINITY), count: 1 }], 'finite'],
  ])('refuse %s', async (_, wanted, given, message) => {
    await expect(collect(wanted, given)).rejects.toMatchObject({
      code: 'ENGINE_STATISTICS',
      message: expect.stringContaining(message) as unknown,
    });
  });
});
