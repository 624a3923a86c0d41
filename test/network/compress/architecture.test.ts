import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { depth } from '../../../src/network/compress/depth.ts';
import { kernel } from '../../../src/network/compress/kernel.ts';
import { canonicalPlan, planKey, rewrite } from '../../../src/network/compress/recipe.ts';
import { finalStructure } from '../../../src/network/compress/structure.ts';
import { width } from '../../../src/network/compress/width.ts';
import { train } from '../../../src/network/engine/train.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { macs } from '../../../src/network/ir/macs.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { withoutValues } from '../../../src/network/ir/zeros.ts';
import { relativeError, rewritten, runOnnx } from '../../fixtures/compression.ts';
import { classify, sketch, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { sketches } from '../../fixtures/sketches.ts';
import { quiet, recipe, stripes } from '../engine/helpers.ts';

const resnet = trainedResnet({ blocks: [3, 2], widths: [4, 6] }, [1, 6, 6]);
const mobilenet = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6, 6] }, [1, 8, 8]);
const inverted = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 4, 6, 6], expansion: 2 }, [1, 8, 8]);

const plan = (techniques: Plan['techniques']): Plan => ({ recipe: {}, techniques });
const shapes = (graph: Graph) =>
  Object.fromEntries(layersOf(graph).map(({ name, weight }) => [name, graph.types[weight]!.shape.join(' ')]));

async function expectSameAnswers(graph: Graph, changed: Graph, tolerance = 1e-5): Promise<void> {
  verify(changed);
  const [before, after] = [await runOnnx(graph), await runOnnx(changed)];
  expect(relativeError(after.output, before.output)).toBeLessThan(tolerance);
}

describe('stages', () => {
  const sitesOf = (technique: { sites: (graph: Graph) => readonly { name: string }[] }, graph: Graph) =>
    technique.sites(graph).map(({ name }) => name);

  it('of a ResNet are those of its widths', () => {
    expect(sitesOf(width, resnet)).toEqual(['stem', 'stage2.block1.conv1']);
    expect(sitesOf(kernel, resnet)).toEqual(['stem', 'stage2.block1.conv1']);
    expect(sitesOf(depth, resnet)).toEqual(['stage1.block1.conv1', 'stage2.block1.conv1']);
  });

  it('of a MobileNet begin where a block halves the plane; depth counts depthwise and pointwise layers as one', () => {
    expect(sitesOf(width, mobilenet)).toEqual(['stem', 'block2.pointwise']);
    expect(depth.sites(mobilenet).map(({ layers }) => layers)).toEqual([
      ['block1.depthwise', 'block1.pointwise'],
      ['block3.depthwise', 'block3.pointwise'],
    ]);
    expect(depth.sites(inverted).map(({ layers }) => layers.length)).toEqual([6, 3]);
  });

  it('are the same for images of every size', () => {
    const large = trainedResnet({ blocks: [3, 2], widths: [4, 6] }, [1, 40, 40]);
    for (const technique of [width, kernel, depth]) expect(technique.sites(large)).toEqual(technique.sites(resnet));
  });
});

describe('width', () => {
  const wider = (graph: Graph, grow: string, factor = 1.5) =>
    plan({ width: Object.fromEntries(width.sites(graph).map(({ name }) => [name, { factor, grow }])) });

  it.each(['split', 'fresh'])('above 1 (%s) changes shapes and not answers, in every family and sketch', async (grow) => {
    for (const graph of [resnet, mobilenet, inverted, ...Object.values(sketches).map(({ build }) => build())]) {
      for (const factor of [1.5, 3]) await expectSameAnswers(graph, rewrite(graph, wider(graph, grow, factor)));
    }
    const grown = rewrite(resnet, wider(resnet, grow));
    expect(shapes(grown)).toMatchObject({ stem: '6 1 3 3', 'stage2.block1.conv1': '9 6 3 3', dense: '5 9' });
  });

  it('behind a Flatten gives every new channel all of its places; a part of a Concat stays as it is', () => {
    const flat = sketches['flatten and dense']!.build();
    expect(shapes(rewrite(flat, wider(flat, 'split')))).toEqual({ a: '6 3 3 3', hidden: '9 24', dense: '3 9' });
    const met = sketches['concat met by an add']!.build();
    expect(shapes(rewrite(met, wider(met, 'split')))).toEqual(shapes(met));
    expect(canonicalPlan(met, wider(met, 'split')).techniques).toEqual({});
  });

  it('makes copies that training can tell apart', async () => {
    const dataset = stripes(48);
    const graph = trainedResnet({ blocks: [1], widths: [4] }, dataset.shape);
    const grown = rewrite(graph, wider(graph, 'split', 2));
    const settings = recipe({ batchSize: 24, epochs: 2, learningRate: 0.1 });
    const { graph: trained } = await train({ graph: grown, dataset, recipe: settings, seed: 'a', hooks: quiet });
    const weights = trained.initializers['stem.weight']!.data as Float32Array;
    const filter = (channel: number) => [...weights.subarray(9 * channel, 9 * channel + 9)];
    for (const channel of [0, 1, 2, 3]) expect(relativeError(filter(channel), filter(channel + 4))).toBeGreaterThan(1e-4);
  });

  it('below 1 is what prune does to every group of the stage, by name and by key', () => {
    const narrow = plan({ width: { stem: { factor: 0.5 } } });
    const groups = ['stem', 'stage1.block1.conv1', 'stage1.block2.conv1', 'stage1.block3.conv1'];
    const pruned = plan({ prune: Object.fromEntries(groups.map((group) => [group, { keep: 0.5 }])) });
    expect(planKey(resnet, narrow)).toBe(planKey(resnet, pruned));
    expect(rewrite(resnet, narrow)).toEqual(rewrite(resnet, pruned));
  });

  it('below 1 has its own turn where others judge what is left', () => {
    const both = plan({ width: { stem: { factor: 0.5 } }, prune: { 'stage2.block1.conv1': { keep: 0.5 } } });
    expect(Object.keys(canonicalPlan(resnet, both).techniques)).toEqual(['width', 'prune']);
  });

  it('has one key for factors that round to the same channels', () => {
    const key = (factor: number) => planKey(resnet, plan({ width: { stem: { factor } } }));
    expect(key(1.5)).toBe(key(1.55));
    expect(key(1.5)).not.toBe(key(1.75));
    expect(key(1.1)).toBe(key(1));
  });

  it.each(['taylor', 'activity', 'removal'])('leaves findings that prune can judge wider layers by: %s', (importance) => {
    const pruned = { prune: { 'stage2.block1.conv1': { keep: 0.5, importance }, stem: { keep: 0.5, importance } } };
    const joint = plan({ ...wider(resnet, 'split').techniques, ...pruned });
    expect(shapes(rewritten(resnet, joint))).toMatchObject({ stem: '3 1 3 3' });
  });
});

describe('kernel', () => {
  const all = (graph: Graph, size: number) =>
    plan({ kernel: Object.fromEntries(kernel.sites(graph).map(({ name }) => [name, { size }])) });

  it('larger: the same answers from more weights', async () => {
    for (const graph of [resnet, mobilenet]) await expectSameAnswers(graph, rewrite(graph, all(graph, 5)));
    expect(shapes(rewrite(resnet, all(resnet, 5)))).toMatchObject({ stem: '4 1 5 5', 'stage2.block1.shortcut': '6 4 1 1' });
  });

  it('smaller: the centre of the trained kernel', () => {
    const small = rewrite(mobilenet, all(mobilenet, 1));
    const [before, after] = [mobilenet, small].map(({ initializers }) => initializers['block1.depthwise.weight']!.data);
    expect([...after!]).toEqual([...before!].filter((_, i) => i % 9 === 4));
    expect(small.types['logits']).toEqual(mobilenet.types['logits']);
    expect(small.nodes.find(({ name }) => name === 'block1.depthwise')!.attributes['pads']).toBeUndefined();
  });

  it('takes only sizes for which the padding can make up', () => {
    const { b, x, w } = sketch();
    const unpadded = b.op('Conv', [x, w('w', 4, 3, 3, 3)], { kernel_shape: [3, 3] }, { name: 'unpadded' });
    expect(kernel.sites(classify(b, unpadded))[0]!.allowed).toEqual({ size: [0, 3, 5, 7] });
  });

  it('of the size that is there is nothing', () => {
    expect(canonicalPlan(resnet, all(resnet, 3)).techniques).toEqual({});
  });
});

describe('depth', () => {
  const shallow = (keep: number) => plan({ depth: { 'stage1.block1.conv1': { keep } } });

  it('keeps the first blocks, and has the key of dropping the others', () => {
    const dropped = plan({ drop: { 'stage1.block2.conv1': { use: false }, 'stage1.block3.conv1': { use: false } } });
    expect(planKey(resnet, shallow(0.34))).toBe(planKey(resnet, dropped));
    expect(rewrite(resnet, shallow(0.34))).toEqual(rewrite(resnet, dropped));
  });

  it('joins blocks that are dropped by name', () => {
    const both = plan({ ...shallow(0.67).techniques, drop: { 'stage1.block1.conv1': { use: false } } });
    const one = plan({ drop: { 'stage1.block1.conv1': { use: false }, 'stage1.block3.conv1': { use: false } } });
    expect(planKey(resnet, both)).toBe(planKey(resnet, one));
  });

  it('leaves as many blocks out as rounding says, none where that is none', () => {
    expect(canonicalPlan(resnet, shallow(0.9)).techniques).toEqual({});
    const left = layersOf(rewrite(resnet, shallow(0))).filter(({ name }) => name.startsWith('stage1'));
    expect(left).toEqual([]);
  });
});

it('the three together, with pruning: sizes known before training', () => {
  const joint = plan({
    width: { stem: { factor: 1.5 } },
    kernel: { 'stage2.block1.conv1': { size: 1 } },
    depth: { 'stage1.block1.conv1': { keep: 0.34 } },
    prune: { 'stage2.block1.conv1': { keep: 0.5 } },
  });
  const changed = rewrite(resnet, joint);
  verify(changed);
  expect(macs(finalStructure(withoutValues(resnet), joint)!).total).toBe(macs(changed).total);
});
