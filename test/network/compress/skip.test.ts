import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { canonicalPlan, finalize, planKey, rewrite } from '../../../src/network/compress/recipe.ts';
import { skip } from '../../../src/network/compress/skip.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { macs } from '../../../src/network/ir/macs.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { withBatch } from '../../../src/network/ir/passes/with-batch.ts';
import { noPlan, relativeError } from '../../fixtures/compression.ts';
import { balanced, learnedDecision } from '../../fixtures/gates.ts';
import { images, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';

const resnet = trainedResnet({ blocks: [1, 1], widths: [4, 6] }, [1, 6, 6]);
const [first, second] = ['stage1.block1.conv1', 'stage2.block1.conv1'];
const plan = (settings: Record<string, Record<string, number>>, others: Plan['techniques'] = {}): Plan => ({
  recipe: {},
  techniques: { ...others, skip: settings },
});
const sites = (graph: Graph) => skip.sites(graph).map(({ layers }) => layers.join(' '));

describe('branches that can be skipped', () => {
  it('are those of residual blocks', () => {
    expect(sites(resnet)).toEqual(['stage1.block1', 'stage2.block1'].map((block) => `${block}.conv1 ${block}.conv2`));
    const inverted = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6], expansion: 2 }, [1, 6, 6]);
    expect(sites(inverted)).toEqual(['block1.expand block1.depthwise block1.project']);
    expect(sites(trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6] }, [1, 6, 6]))).toEqual([]);
  });
});

describe('a network with gates', () => {
  const count = 16;
  const both = plan({ [first]: { rate: 0.5 }, [second]: { rate: 0.5 } });
  const x = images(withBatch(resnet, count), 'skip');
  const open = balanced(rewrite(resnet, both), [`${first}.gate`, `${second}.gate`], x);
  const file = finalize(open, both, {});
  const logitsOf = (graph: Graph, data: Float32Array) => interpret(graph, { x: Float64Array.from(data) })['logits']!.data;
  const trained = interpret(withBatch(foldBatchNorm(open), count), { x: Float64Array.from(x) });
  const asked = (site: string) => [...trained[`${site}.open`]!.data];

  it('runs in the file what its gates open in training, image by image', () => {
    expect(new Set(asked(first))).toEqual(new Set([0, 1]));
    for (let i = 0; i < count; i++) {
      const own = logitsOf(file, x.subarray(36 * i, 36 * (i + 1)));
      expect(relativeError(own, trained['logits']!.data.subarray(5 * i, 5 * (i + 1)))).toBeLessThan(1e-5);
    }
  });

  it('runs a branch for a batch where any of its images asks for it', () => {
    const [shutFor, openFor] = [0, 1].map((run) => asked(first).indexOf(run));
    const row = (i: number) => x.subarray(36 * i, 36 * (i + 1));
    const alone = plan({ [first]: { rate: 0.5 } });
    const gated = balanced(rewrite(resnet, alone), [`${first}.gate`], x);
    const pair = Float32Array.from([...row(shutFor!), ...row(openFor!)]);
    const together = logitsOf(withBatch(finalize(gated, alone, {}), 2), pair);
    expect(relativeError(together, logitsOf(withBatch(resnet, 2), pair))).toBeLessThan(1e-5);
    expect(relativeError(logitsOf(finalize(gated, alone, {}), row(shutFor!)), logitsOf(resnet, row(shutFor!)))).toBeGreaterThan(
      1e-2,
    );
  });

  it('takes at most what the dense network takes and its gates', () => {
    const { total, byNode } = macs(file);
    expect(total).toBe(macs(finalize(resnet, noPlan, {})).total + byNode[`${first}.gate`]! + byNode[`${second}.gate`]!);
    const spared = byNode[second]! + byNode['stage2.block1.conv2']!;
    expect(macs(file, { [`${second}.run`]: false }).total).toBe(total - spared);
  });

  it('learns to run a branch for as many images as it is asked for', async () => {
    const rate = await learnedDecision(plan({ [first]: { rate: 0.5, penalty: 10 } }));
    expect(rate.name).toBe(`${first}.run`);
    expect(Math.abs(rate.taken - 0.5)).toBeLessThan(0.3);
  });
});

describe('settings', () => {
  it('mean nothing where every image runs the branch, and vanish with it', () => {
    expect(planKey(resnet, plan({ [first]: { rate: 1, penalty: 5 } }))).toBe(planKey(resnet, noPlan));
    const dropped = { drop: { [first]: { use: false } } };
    expect(planKey(resnet, plan({ [first]: { rate: 0.5 } }, dropped))).toBe(planKey(resnet, { recipe: {}, techniques: dropped }));
  });

  it.each<[Record<string, number>, RegExp]>([
    [{ rate: 1.5 }, /skip at "stage1.block1.conv1": rate cannot be 1.5: give a number from 0 to 1/],
    [{ rate: 0.5, penalty: -1 }, /penalty cannot be -1: give a number from 0 to 100/],
  ])('that mean nothing are refused: %j', (settings, message) => {
    expect(() => canonicalPlan(resnet, plan({ [first]: settings }))).toThrow(message);
  });

  it('are refused where there is nothing to skip', () => {
    expect(() => canonicalPlan(resnet, plan({ stem: { rate: 0.5 } }))).toThrow(/skip has no site "stem" in this model/);
  });
});
