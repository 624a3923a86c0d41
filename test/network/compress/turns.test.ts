import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { canonicalPlan, planKey, rewrite } from '../../../src/network/compress/recipe.ts';
import { finalStructure } from '../../../src/network/compress/structure.ts';
import { encodedLength } from '../../../src/network/ir/bytes/length.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { withoutValues } from '../../../src/network/ir/zeros.ts';
import { finished, rewritten } from '../../fixtures/compression.ts';
import { trainedResnet } from '../../fixtures/graphs.ts';

const resnet = trainedResnet({ blocks: [1, 1], widths: [8, 12] }, [1, 6, 6]);
const site = 'stage2.block1.conv1';

const plan = (techniques: Plan['techniques'], first?: string): Plan => ({
  recipe: {},
  techniques: { ...techniques, ...(first ? { order: { network: { first } } } : {}) },
});
const shapes = (graph: Graph) =>
  Object.fromEntries(layersOf(graph).map(({ name, weight }) => [name, graph.types[weight]!.shape.join(' ')]));

const pruned = { prune: { [site]: { keep: 0.5 } } };
const factored = { factor: { [site]: { keep: 0.5 } } };
const quantized = { quantize: { [site]: { bits: 2 } } };
const isUsual = (techniques: Plan['techniques'], first: string) =>
  planKey(resnet, plan(techniques, first)) === planKey(resnet, plan(techniques));

describe('prune before factor', () => {
  it('factors what is left of a layer: its rank is a part of the smaller one', () => {
    const both = { ...pruned, ...factored };
    const [usual, swapped] = [rewrite(resnet, plan(both)), rewrite(resnet, plan(both, 'prune-factor'))];
    expect(shapes(usual)).toMatchObject({ [`${site}#reduce`]: '6 8 3 3', [site]: '6 6 1 1' });
    expect(shapes(swapped)).toMatchObject({ [`${site}#reduce`]: '3 8 3 3', [site]: '6 3 1 1' });
    verify(swapped);
    expect(isUsual(both, 'prune-factor')).toBe(false);
  });

  it('is foreseen to the byte', async () => {
    const both = plan({ ...pruned, ...factored }, 'prune-factor');
    const graph = await finished(rewritten(resnet, both), both);
    const options = { opset: 17 };
    expect(encodedLength(finalStructure(withoutValues(resnet), both)!, options)).toBe(encodedLength(graph, options));
  });

  it('can judge channels by the gradients of layers that are factored afterwards', () => {
    const taylor = { prune: { [site]: { keep: 0.5, importance: 'taylor' } }, ...factored };
    verify(rewritten(resnet, plan(taylor, 'prune-factor')));
  });

  it('is the usual order for layers that have nothing to do with one another, and for channels that go while training', () => {
    expect(isUsual({ ...pruned, factor: { dense: { keep: 0.5 } } }, 'prune-factor')).toBe(true);
    expect(isUsual({ prune: { [site]: { keep: 0.5, when: 'gradual' } }, ...factored }, 'prune-factor')).toBe(true);
    expect(isUsual({ ...pruned, ...quantized }, 'prune-factor')).toBe(true);
    expect(isUsual(factored, 'prune-factor')).toBe(true);
  });
});

describe('quantize before prune', () => {
  it('lets channels be judged by rounded weights, and training begin from them', () => {
    const both = { ...pruned, ...quantized };
    const early = rewrite(resnet, plan(both, 'quantize-prune'));
    const values = new Set((early.initializers[`${site}.weight`]!.data as Float32Array).subarray(0, 9 * 8));
    expect(values.size).toBeLessThanOrEqual(3);
    expect(shapes(early)).toEqual(shapes(rewrite(resnet, plan(both))));
    expect(isUsual(both, 'quantize-prune')).toBe(false);
  });

  it('is the usual order where nothing is pruned before training', () => {
    expect(isUsual({ ...factored, ...quantized }, 'quantize-prune')).toBe(true);
    expect(isUsual({ prune: { [site]: { keep: 0.5, when: 'gradual' } }, ...quantized }, 'quantize-prune')).toBe(true);
    expect(isUsual(quantized, 'quantize-prune')).toBe(true);
    expect(rewrite(resnet, plan(quantized, 'quantize-prune'))).toEqual(resnet);
  });
});

it('an order that is unknown is refused with those that are', () => {
  expect(() => canonicalPlan(resnet, plan(pruned, 'prune-first'))).toThrow(/first cannot be "prune-first": give one of usual/);
});
