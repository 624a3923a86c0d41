import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { canonicalPlan, finalize, planKey, rewrite } from '../../../src/network/compress/recipe.ts';
import { slim } from '../../../src/network/compress/slim.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { macs } from '../../../src/network/ir/macs.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { withBatch } from '../../../src/network/ir/passes/with-batch.ts';
import { finished, noPlan, relativeError } from '../../fixtures/compression.ts';
import { balanced, fixed, learnedDecision } from '../../fixtures/gates.ts';
import { images, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';

const resnet = trainedResnet({ blocks: [1, 1], widths: [4, 6] }, [1, 6, 6]);
const inverted = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6], expansion: 2 }, [1, 6, 6]);
const [first, second] = ['stage1.block1.conv1', 'stage2.block1.conv1'];
const plan = (settings: Record<string, Record<string, number>>, others: Plan['techniques'] = {}): Plan => ({
  recipe: {},
  techniques: { ...others, slim: settings },
});
const both = plan({ [first]: { rate: 0.5 }, [second]: { rate: 0.5, width: 0.3 } });
const gateOf = (site: string) => `${site}.wide.gate`;
const count = 16;
const x = images(withBatch(resnet, count), 'slim');
const row = (i: number) => x.subarray(36 * i, 36 * (i + 1));
const logitsOf = (graph: Graph, data: Float32Array) => interpret(graph, { x: Float64Array.from(data) })['logits']!.data;
const sites = (graph: Graph) => slim.sites(graph).map(({ name }) => name);

describe('layers of two widths', () => {
  it('are those whose channels one other layer reads', () => {
    expect(sites(resnet)).toEqual([first, second]);
    expect(sites(inverted)).toEqual(['block1.expand', 'block2.expand']);
  });

  it.each([
    ['a ResNet', resnet, both],
    ['inverted residuals', inverted, plan({ 'block1.expand': { rate: 0.5 }, 'block2.expand': { rate: 0.5, width: 0.25 } })],
  ])('compute in inference what one layer did, where the gate is open: %s', (_, graph, settings) => {
    const gates = Object.keys(settings.techniques['slim']!).map(gateOf);
    const open = finalize(fixed(rewrite(graph, settings), gates, true), settings, {});
    for (let i = 0; i < 4; i++) expect(relativeError(logitsOf(open, row(i)), logitsOf(graph, row(i)))).toBeLessThan(1e-5);
    const shut = finalize(fixed(rewrite(graph, settings), gates, false), settings, {});
    expect(relativeError(logitsOf(shut, row(0)), logitsOf(graph, row(0)))).toBeGreaterThan(1e-3);
  });

  it('have every weight once: beside the gates a file grows by names and biases alone', () => {
    const large = trainedResnet({ blocks: [1, 1], widths: [32, 32] }, [1, 6, 6]);
    const [before, after] = [finalize(large, noPlan, {}), finalize(rewrite(large, both), both, {})].map(
      (graph) => encode(graph).length,
    );
    const ofGates = 4 * (32 + 1) * 2;
    const ofBiases = 4 * 32 * 2;
    expect(after! - before! - ofGates - ofBiases).toBeLessThan(2500);
    expect(after!).toBeLessThan(1.06 * before!);
  });
});

describe('a network with gates in its layers', () => {
  const open = balanced(rewrite(resnet, both), [gateOf(first), gateOf(second)], x);
  const file = finalize(open, both, {});
  const trained = interpret(withBatch(foldBatchNorm(open), count), { x: Float64Array.from(x) });

  it('runs in the file what its gates open in training, image by image', () => {
    expect(new Set(trained[`${first}.wide.open`]!.data)).toEqual(new Set([0, 1]));
    for (let i = 0; i < count; i++) {
      const expected = trained['logits']!.data.subarray(5 * i, 5 * (i + 1));
      expect(relativeError(logitsOf(file, row(i)), expected)).toBeLessThan(1e-5);
    }
  });

  it('takes at most what the dense network takes and its gates, and half of a block where a gate is shut', () => {
    const { total, byNode } = macs(file);
    const dense = macs(finalize(resnet, noPlan, {}));
    expect(total).toBe(dense.total + byNode[gateOf(first)]! + byNode[gateOf(second)]!);
    const spared = (dense.byNode[first]! + dense.byNode['stage1.block1.conv2']!) / 2;
    expect(macs(file, { [`${first}.wide.run`]: false }).total).toBe(total - spared);
  });

  it('is decided within a branch that is itself run or not', () => {
    const skipped = plan({ [first]: { rate: 0.5 } }, { skip: { [first]: { rate: 0.5 } } });
    const gates = [`${first}.gate`, gateOf(first)];
    const gated = balanced(rewrite(resnet, skipped), gates, x);
    const expected = interpret(withBatch(foldBatchNorm(gated), count), { x: Float64Array.from(x) });
    const ways = new Set<string>();
    const nested = finalize(gated, skipped, {});
    for (let i = 0; i < count; i++) {
      ways.add([`${first}.open`, `${first}.wide.open`].map((name) => expected[name]!.data[i]).join(' '));
      const own = expected['logits']!.data.subarray(5 * i, 5 * (i + 1));
      expect(relativeError(logitsOf(nested, row(i)), own)).toBeLessThan(1e-5);
    }
    expect(ways.size).toBeGreaterThan(2);
  });

  it('is pruned, made sparse and quantized', async () => {
    const settings = plan(
      { [first]: { rate: 0.5 } },
      {
        prune: { [first]: { keep: 0.75 } },
        sparsify: { [first]: { sparsity: 0.5 } },
        quantize: Object.fromEntries([first, 'stage1.block1.conv2', 'stem'].map((layer) => [layer, { bits: 8 }])),
      },
    );
    const small = rewrite(resnet, settings);
    const channels = (name: string) => small.initializers[name]!.shape[0];
    expect([`${first}.weight`, `${first}.weight#wide`].map(channels)).toEqual([2, 1]);
    const quantized = await finished(fixed(small, [gateOf(first)], true), settings);
    expect(
      relativeError(
        logitsOf(quantized, row(0)),
        logitsOf(withBatch(foldBatchNorm(fixed(small, [gateOf(first)], true)), 1), row(0)),
      ),
    ).toBeLessThan(0.2);
  });

  it('learns to open for as many images as it is asked for', async () => {
    const rate = await learnedDecision(plan({ [first]: { rate: 0.5, penalty: 10 } }));
    expect(rate.name).toBe(`${first}.wide.run`);
    expect(Math.abs(rate.taken - 0.5)).toBeLessThan(0.3);
  });
});

describe('settings of two widths', () => {
  it('mean nothing where every image has all channels, and vanish with the layer', () => {
    for (const own of [{ rate: 1 }, { rate: 0.5, width: 1 }, { rate: 0.5, width: 0.95 }])
      expect(planKey(resnet, plan({ [first]: own }))).toBe(planKey(resnet, noPlan));
    const dropped = { drop: { [first]: { use: false } } };
    expect(planKey(resnet, plan({ [first]: { rate: 0.5 } }, dropped))).toBe(planKey(resnet, { recipe: {}, techniques: dropped }));
  });

  it('are one where they leave as many channels', () => {
    const key = (width: number) => planKey(resnet, plan({ [first]: { rate: 0.5, width } }));
    expect(key(0.5)).toBe(key(0.55));
    expect(key(0.5)).not.toBe(key(0.75));
  });

  it('count once where chains meet: the layer in the middle then comes in two parts', () => {
    const b = new Builder('row');
    let x = b.input('x', { dtype: 'float32', shape: [1, 1, 6, 6] });
    for (const [i, [to, from]] of (
      [
        [4, 1],
        [4, 4],
        [4, 4],
      ] as const
    ).entries()) {
      const data = Float32Array.from({ length: to * from * 9 }, (_, j) => Math.sin(i + j));
      const weight = b.initializer(`conv${i}.weight`, { dtype: 'float32', shape: [to, from, 3, 3], data });
      x = b.op('Relu', [b.op('Conv', [x, weight], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }, { name: `conv${i}` })]);
    }
    const dense = b.initializer('dense.weight', { dtype: 'float32', shape: [5, 4], data: new Float32Array(20).fill(0.5) });
    const pooled = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
    const row = b.build([b.op('Gemm', [pooled, dense], { transB: 1 }, { name: 'logits' })]);
    expect(sites(row)).toEqual(['conv0', 'conv1']);
    const met = plan({ conv0: { rate: 0.5 }, conv1: { rate: 0.5 } });
    expect(planKey(row, met)).toBe(planKey(row, plan({ conv0: { rate: 0.5 } })));
    const names = ({ nodes }: Graph) => nodes.map(({ name }) => name).filter((name) => name.endsWith('#wide'));
    expect(names(rewrite(row, met))).toEqual(['conv0#wide', 'Relu#wide', 'conv1#wide']);
  });

  it('are refused where there is nothing between two layers', () => {
    expect(() => canonicalPlan(resnet, plan({ stem: { rate: 0.5 } }))).toThrow(/slim has no site "stem" in this model/);
  });
});
