import { describe, expect, it } from 'vitest';
import { collectStatistics } from '../../../src/network/engine/statistics.ts';
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

describe('ranges of activations', () => {
  it('are those of all images together', async () => {
    const found = await collectStatistics(graph, names, batches, quiet);
    const values = interpret(withBatch(graph, 5), { x: Float64Array.from(all) });
    for (const name of names) {
      const [min, max] = [Math.min(...values[name]!.data), Math.max(...values[name]!.data)];
      expect(found[name]!.min).toBeCloseTo(min, 4);
      expect(found[name]!.max).toBeCloseTo(max, 4);
      expect(found[name]!.absmax).toBe(Math.max(-found[name]!.min, found[name]!.max));
    }
    expect(found[relu]!.min).toBe(0);
  });

  it('come once where a value is asked for twice', async () => {
    expect(Object.keys(await collectStatistics(graph, ['x', 'x'], batches, quiet))).toEqual(['x']);
  });

  it('stop at a checkpoint', async () => {
    const stop = new Error('told to stop');
    const checkpoint = () => {
      throw stop;
    };
    await expect(collectStatistics(graph, names, batches, { checkpoint })).rejects.toBe(stop);
  });

  it.each([
    ['an unknown value', ['nothing'], batches, '"nothing" is no float value'],
    ['no batch', ['x'], [], 'no batch came'],
    ['numbers that are not finite', ['x'], [{ x: new Float32Array(36).fill(Number.POSITIVE_INFINITY), count: 1 }], 'finite'],
  ])('refuse %s', async (_, values, given, message) => {
    await expect(collectStatistics(graph, values, given, quiet)).rejects.toMatchObject({
      code: 'ENGINE_STATISTICS',
      message: expect.stringContaining(message) as unknown,
    });
  });
});
