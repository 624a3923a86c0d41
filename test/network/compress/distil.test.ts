import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { createRng } from '../../../src/core/rng.ts';
import { gradient } from '../../../src/network/autodiff/gradient.ts';
import { changesTraining, planKey, trainingOf } from '../../../src/network/compress/recipe.ts';
import { collectRows } from '../../../src/network/engine/findings.ts';
import { blockSize } from '../../../src/network/engine/lowering/blocked/probe.ts';
import type { Rows } from '../../../src/network/engine/rows.ts';
import { train } from '../../../src/network/engine/train.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { elementCount, type Graph } from '../../../src/network/ir/graph.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { noPlan, rewritten } from '../../fixtures/compression.ts';
import { trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { expectClose } from '../../fixtures/numbers.ts';
import { quiet, recipe, stripes, tinyResnet } from '../engine/helpers.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
const teach = (techniques: Readonly<Record<string, SiteSettings>>): Plan => ({
  recipe: {},
  techniques: Object.fromEntries(Object.entries(techniques).map(([name, settings]) => [name, { network: settings }])),
});

/** The loss that a plan makes of cross-entropy, as a graph: inputs are the logits, the features before them, the target and the teacher's. */
function lossOf(plan: Plan): Graph {
  const [n, classes] = [3, 4];
  const b = new Builder('loss');
  const logits = b.input('logits', f32(n, classes));
  const features = b.op('Relu', [b.input('features', f32(n, 2, 2, 3))], {}, { name: 'features.relu' });
  const student = b.build([logits, features]);
  const target = b.input('target', f32(n, classes));
  const [loss] = b.multi('SoftmaxCrossEntropy', [logits, target], 2, {}, { domain: 'espalier' }) as [string];
  const { objective } = trainingOf(student, student, plan);
  const total = objective!({ b, logits, target, loss });
  const gradients = gradient(b, total, ['logits', 'features']);
  return b.build([total, gradients['logits']!, gradients['features']!]);
}

const rng = createRng('distil');
const normal = (size: number) => Array.from({ length: size }, () => rng.normal());
const rowsOfOne = [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];

function feedsOf(graph: Graph): Record<string, number[]> {
  const feeds = graph.inputs.map(({ name, type }) => [name, normal(elementCount(type.shape))] as const);
  return { ...Object.fromEntries(feeds), target: rowsOfOne };
}

function softmax(logits: readonly number[], temperature: number): number[][] {
  return [0, 1, 2].map((row) => {
    const powers = logits.slice(row * 4, row * 4 + 4).map((logit) => Math.exp(logit / temperature));
    const sum = powers.reduce((a, c) => a + c);
    return powers.map((power) => power / sum);
  });
}

const mean = (rows: readonly number[]) => rows.reduce((a, c) => a + c) / rows.length;

describe('distillation', () => {
  it.each([
    [0.5, 4],
    [0.25, 1],
    [1, 16],
  ])('is α T² KL + (1 − α) cross-entropy: α %d, T %d', (weight, temperature) => {
    const graph = lossOf(teach({ distil: { weight, temperature } }));
    const feeds = feedsOf(graph);
    const [p, q] = [softmax(feeds['distil.teacher']!, temperature), softmax(feeds['logits']!, temperature)];
    const divergence = mean(p.map((row, i) => row.reduce((sum, each, k) => sum + each * Math.log(each / q[i]![k]!), 0)));
    const labels = mean(softmax(feeds['logits']!, 1).map((row, i) => -Math.log(row[rowsOfOne.slice(i * 4).indexOf(1)]!)));
    const loss = interpret(graph, feeds)[graph.outputs[0]!]!.data[0]!;
    expect(loss).toBeCloseTo(weight * temperature ** 2 * divergence + (1 - weight) * labels, 6);
  });

  it('asks for nothing where the network answers as its teacher does', () => {
    const graph = lossOf(teach({ distil: { weight: 1, temperature: 4 } }));
    const feeds = feedsOf(graph);
    const found = interpret(graph, { ...feeds, 'distil.teacher': feeds['logits']! });
    expect(found[graph.outputs[0]!]!.data[0]).toBeCloseTo(0, 6);
    for (const slope of found[graph.outputs[1]!]!.data) expect(slope).toBeCloseTo(0, 6);
  });
});

describe('attention transfer', () => {
  it('is the squared distance of the maps of length 1', () => {
    const graph = lossOf(teach({ attention: { weight: 8 } }));
    const feeds = feedsOf(graph);
    const maps = [0, 1, 2].map((image) => {
      const energy = [0, 1, 2, 3, 4, 5].map((place) =>
        mean([0, 1].map((channel) => Math.max(0, feeds['features']![image * 12 + channel * 6 + place]!) ** 2)),
      );
      return energy.map((each) => each / Math.hypot(...energy));
    });
    const distance = mean(
      maps.map((map, i) => map.reduce((sum, each, k) => sum + (each - feeds['attention.2x3']![i * 6 + k]!) ** 2, 0)),
    );
    const labels = mean(softmax(feeds['logits']!, 1).map((row, i) => -Math.log(row[rowsOfOne.slice(i * 4).indexOf(1)]!)));
    expect(interpret(graph, feeds)[graph.outputs[0]!]!.data[0]).toBeCloseTo(labels + 8 * distance, 6);
  });

  it('has a finite gradient where nothing is active', () => {
    const graph = lossOf(teach({ attention: { weight: 8 } }));
    const dead = { ...feedsOf(graph), features: Array.from({ length: 36 }, () => -1) };
    expect([...interpret(graph, dead)[graph.outputs[2]!]!.data].every(Number.isFinite)).toBe(true);
  });
});

it('has the gradients that difference quotients have', () => {
  const graph = lossOf(teach({ distil: { weight: 0.5, temperature: 4 }, attention: { weight: 8 } }));
  const feeds = feedsOf(graph);
  const lossAt = (name: string, i: number, by: number) => {
    const moved = feeds[name]!.map((value, k) => (k === i ? value + by : value));
    return interpret(graph, { ...feeds, [name]: moved })[graph.outputs[0]!]!.data[0]!;
  };
  const found = interpret(graph, feeds);
  for (const [output, name] of [[1, 'logits'] as const, [2, 'features'] as const]) {
    const slopes = feeds[name]!.map((_, i) => (lossAt(name, i, 1e-5) - lossAt(name, i, -1e-5)) / 2e-5);
    expectClose(found[graph.outputs[output]!]!.data, slopes, 1e-5, `gradient by ${name}`);
  }
});

describe('a training', async () => {
  const block = await blockSize();
  const dataset = stripes(48);
  const teacher = tinyResnet(dataset.shape, { seed: 'teacher', widths: [4, 6, 8] });
  const pruned = {
    prune: Object.fromEntries(['stage1.block1.conv1', 'stage2.block1.conv1'].map((site) => [site, { keep: 0.5 }])),
  };

  /** The loss of one step over all images. */
  async function firstLoss(plan: Plan, lowering = 'portable'): Promise<number> {
    const both: Plan = { recipe: {}, techniques: { ...pruned, ...plan.techniques } };
    const graph = rewritten(teacher, both);
    const { perImage, ...training } = trainingOf(graph, teacher, both);
    const { train: split, shape, normalization } = dataset;
    const rows: Record<string, Rows> = {};
    for (const [name, { graph: source, value }] of Object.entries(perImage))
      rows[name] = await collectRows(foldBatchNorm(source), value, { split, shape, normalization }, quiet);
    const engine = { engine: 'onnxruntime', device: 'cpu', lowering } as const;
    const settings = recipe({ batchSize: 48, epochs: 1 });
    const options = { graph, dataset, recipe: settings, seed: 'a', hooks: quiet, engine, perImage: rows, ...training };
    return (await train(options)).curve[0]!.loss;
  }

  it('feels its teachers, each by its weight, in the pruned network, in both lowerings', async () => {
    const plain = await firstLoss(noPlan);
    const taught = await firstLoss(teach({ distil: { weight: 1 } }));
    expect(taught).not.toBeCloseTo(plain, 3);
    expect(await firstLoss(teach({ distil: { weight: 0.25 } }))).toBeCloseTo(0.25 * taught + 0.75 * plain, 4);
    const watched = await firstLoss(teach({ attention: { weight: 1 } }));
    expect(watched).toBeGreaterThan(plain + 0.01);
    const all = teach({ distil: { weight: 0.25 }, attention: { weight: 3 } });
    const expected = 0.25 * taught + 0.75 * plain + 3 * (watched - plain);
    expect(await firstLoss(all)).toBeCloseTo(expected, 4);
    if (block) expect(await firstLoss(all, `blocked${block}`)).toBeCloseTo(expected, 4);
  });

  it('is what distillation asks for, also where nothing else does; its settings belong to the key', () => {
    const net = trainedResnet({ blocks: [1, 1], widths: [4, 6] }, [1, 6, 6]);
    const key = (settings: SiteSettings) => planKey(net, teach({ distil: settings }));
    expect(changesTraining(teach({ distil: { weight: 0.5 } }))).toBe(true);
    expect(changesTraining(teach({ distil: { weight: 0 } }))).toBe(false);
    expect(key({ weight: 0, temperature: 2 })).toBe(planKey(net, noPlan));
    expect(key({ temperature: 2 })).not.toBe(key({ temperature: 4 }));
  });
});
