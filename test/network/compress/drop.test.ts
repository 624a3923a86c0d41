import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { drop } from '../../../src/network/compress/drop.ts';
import { canonicalPlan, planKey, rewrite } from '../../../src/network/compress/recipe.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { classify, conv3, images, sketch, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';

const resnet = trainedResnet({ blocks: [2, 2], widths: [4, 6] }, [1, 6, 6]);
const sitesOf = (graph: Graph) => drop.sites(graph).map(({ layers }) => layers.join(' '));
const dropping = (sites: readonly string[], others: Plan['techniques'] = {}): Plan => ({
  recipe: {},
  techniques: { drop: Object.fromEntries(sites.map((site) => [site, { use: false }])), ...others },
});
const layerNames = (graph: Graph) => layersOf(graph).map(({ name }) => name);

describe('layers that can be left out', () => {
  it('of a ResNet: the branch of every block; where the shape changes, the projection stays', () => {
    expect(sitesOf(resnet)).toEqual(
      ['stage1.block1', 'stage1.block2', 'stage2.block1', 'stage2.block2'].map((block) => `${block}.conv1 ${block}.conv2`),
    );
  });

  it('of a MobileNet: depthwise layers without stride, pointwise ones that keep the channels', () => {
    const graph = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6, 6] }, [1, 6, 6]);
    expect(sitesOf(graph)).toEqual(['block1.depthwise', 'block1.pointwise', 'block3.depthwise', 'block3.pointwise']);
  });

  it('of inverted residuals: the branch where there is a shortcut, its depthwise layer where there is none', () => {
    const graph = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6, 6], strides: [1, 1, 1], expansion: 2 }, [1, 6, 6]);
    const whole = (block: string) => `${block}.expand ${block}.depthwise ${block}.project`;
    expect(sitesOf(graph)).toEqual([whole('block1'), 'block2.depthwise', whole('block3')]);
  });

  it('not where a bias is added', () => {
    const { b, x, w } = sketch();
    expect(sitesOf(classify(b, b.op('Add', [conv3(b, x, 'a', 4), w('bias', 1, 4, 4, 4)])))).toEqual([]);
  });
});

describe('a network without them', () => {
  it('is what the shortcuts alone give', () => {
    const short = rewrite(resnet, dropping(['stage1.block2.conv1', 'stage2.block2.conv1']));
    verify(short);
    const gone = ['stage1.block2.conv1', 'stage1.block2.conv2', 'stage2.block2.conv1', 'stage2.block2.conv2'];
    expect(layerNames(short)).toEqual(layerNames(resnet).filter((name) => !gone.includes(name)));
    // The branches end in BatchNormalization: with its scale and bias 0 they add nothing.
    const silent = gone.flatMap((layer) => [`${layer}.bn.scale`, `${layer}.bn.bias`]);
    const initializers = Object.entries(resnet.initializers).map(([name, tensor]) => [
      name,
      silent.includes(name) ? { ...tensor, data: (tensor.data as Float32Array).map(() => 0) } : tensor,
    ]);
    const muted = { ...resnet, initializers: Object.fromEntries(initializers) as Graph['initializers'] };
    const x = { x: Float64Array.from(images(resnet, 'drop')) };
    expect(interpret(short, x)['logits']!.data).toEqual(interpret(muted, x)['logits']!.data);
  });

  it('can lose all of them', () => {
    const sites = drop.sites(resnet).map(({ name }) => name);
    const shortest = rewrite(resnet, dropping(sites));
    verify(shortest);
    expect(layerNames(shortest)).toEqual(['stem', 'stage2.block1.shortcut', 'dense']);
  });

  it('keeps the name of its output', () => {
    const { b, x } = sketch(4);
    const a = conv3(b, x, 'a', 4);
    const graph = b.build([b.op('Add', [a, conv3(b, conv3(b, a, 'b', 4), 'c', 4)])]);
    expect(sitesOf(graph)).toEqual(['b c']);
    const short = rewrite(graph, dropping(['b']));
    verify(short);
    expect(short.outputs).toEqual(graph.outputs);
    expect(layerNames(short)).toEqual(['a']);
  });

  it('is the same whatever else was to be done to what is gone', () => {
    const gone = 'stage1.block2.conv1';
    const others = {
      prune: { [gone]: { keep: 0.5 } },
      quantize: { [gone]: { bits: 8 } },
      sparsify: { [gone]: { sparsity: 0.5 } },
    };
    expect(planKey(resnet, dropping([gone], others))).toBe(planKey(resnet, dropping([gone])));
    expect(planKey(resnet, dropping([], others))).not.toBe(planKey(resnet, dropping([])));
  });

  it('what is said of channels stays said where the layer that they are called after goes', () => {
    const [group, next] = ['stage2.block1.conv2', 'stage2.block1.shortcut'];
    const channels = (keep: number) => ({ prune: { [group]: { keep } } });
    const chosen = canonicalPlan(resnet, dropping(['stage2.block1.conv1'], channels(0.5)));
    expect(chosen.techniques['prune']).toEqual({ [next]: expect.objectContaining({ keep: 0.5 }) as object });
    expect(canonicalPlan(resnet, chosen)).toEqual(chosen);
    const { types } = rewrite(resnet, chosen);
    expect(['stage2.block1.shortcut', 'stage2.block2.conv2'].map((layer) => types[`${layer}.weight`]!.shape[0])).toEqual([3, 3]);
    expect(planKey(resnet, dropping(['stage2.block1.conv1'], channels(0.5)))).not.toBe(
      planKey(resnet, dropping(['stage2.block1.conv1'])),
    );
  });

  it('a site can be named by any of its layers', () => {
    const by = (layer: string): Plan => ({ recipe: {}, techniques: { prune: { [layer]: { keep: 0.5 } } } });
    expect(planKey(resnet, by('stage2.block1.shortcut'))).toBe(planKey(resnet, by('stage2.block1.conv2')));
    expect(() => planKey(resnet, by('stage2.block1.conv3'))).toThrow('prune has no site "stage2.block1.conv3"');
  });
});
