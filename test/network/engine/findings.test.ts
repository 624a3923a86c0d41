import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { evaluationBatches } from '../../../src/network/data/batches.ts';
import type { ClassLabels } from '../../../src/network/data/dataset.ts';
import { collectActivity, collectGradients, collectRows, sampleOf } from '../../../src/network/engine/findings.ts';
import { parameterNames } from '../../../src/network/ir/macs.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { withBatch } from '../../../src/network/ir/passes/with-batch.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { quiet, relativeError, stripes, tinyResnet } from './helpers.ts';

const { train: split, shape, normalization } = stripes(70);
const images = { split, shape, normalization };
const graph = tinyResnet(shape);

/** A value for the whole split, by plain numbers. */
function activationOf(value: string): Float64Array {
  const [batch] = evaluationBatches({ ...images, batchSize: split.count });
  return Float64Array.from(interpret(withBatch(graph, split.count), { x: Float64Array.from(batch!.x) })[value]!.data);
}

describe('what is found out about a trained network', () => {
  it('activity: the share of numbers above 0 per channel', async () => {
    const found = await collectActivity(graph, ['stem.relu', 'pool'], images, quiet);
    for (const [value, channels] of [
      ['stem.relu', 2],
      ['pool', 4],
    ] as const) {
      const data = activationOf(value);
      const inner = data.length / split.count / channels;
      const shares = Array.from({ length: channels }, (_, c) => {
        const own = data.filter((_, i) => Math.floor(i / inner) % channels === c);
        return own.filter((number) => number > 0).length / own.length;
      });
      expect(relativeError(found[value]!, shares)).toBeLessThan(1e-6);
    }
  });

  it('gradients: one record per full batch, by every parameter, pointing uphill', async () => {
    const found = await collectGradients(graph, images, quiet);
    expect(found).toHaveLength(1);
    expect(Object.keys(found[0]!).sort()).toEqual([...parameterNames(graph)].sort());
    // The dense bias: its gradient is the mean of softmax − target, which sums to 0.
    const bias = found[0]!['dense.bias']!;
    expect(Math.abs(bias.reduce((a, b) => a + b, 0))).toBeLessThan(1e-6);
    expect(await collectGradients(graph, images, quiet)).toEqual(found);
  });

  it('rows: one per image, in order', async () => {
    const { shape: row, data } = await collectRows(foldBatchNorm(graph), 'logits', images, quiet);
    expect(row).toEqual([3]);
    expect(relativeError(data, activationOf('logits'))).toBeLessThan(1e-5);
  });

  it('a sample holds images with their labels, none twice', () => {
    const sample = sampleOf(images, 20, createRng('sample')).split;
    const size = 64;
    const texts = (count: number, data: Uint8Array, labels: ClassLabels) =>
      Array.from({ length: count }, (_, i) => `${data.slice(i * size, (i + 1) * size).join()} ${labels[i]}`);
    const all = texts(split.count, split.images, split.labels);
    const drawn = texts(sample.count, sample.images, sample.labels);
    expect(drawn).toHaveLength(20);
    expect(new Set(drawn).size).toBe(20);
    expect(drawn.every((each) => all.includes(each))).toBe(true);
  });
});
