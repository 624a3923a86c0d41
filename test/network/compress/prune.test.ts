import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { channelGroups } from '../../../src/network/compress/channels/groups.ts';
import {
  canonicalPlan,
  finalize,
  planKey,
  questionsOf,
  rewrite,
  simulate,
  statisticsNeeded,
  trainingOf,
} from '../../../src/network/compress/recipe.ts';
import { finalStructure } from '../../../src/network/compress/structure.ts';
import { type Findings, noFindings, type Statistics } from '../../../src/network/compress/technique.ts';
import { train } from '../../../src/network/engine/train.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import { encodedLength } from '../../../src/network/ir/bytes/length.ts';
import { elementCount, type Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { withoutValues } from '../../../src/network/ir/zeros.ts';
import { madeUpFindings, noPlan, relativeError } from '../../fixtures/compression.ts';
import { classify, conv3, fullyConnected, images, sketch, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { quiet, recipe, stripes, tinyResnet } from '../engine/helpers.ts';

const graph = trainedResnet({ blocks: [1, 1], widths: [6, 8] }, [1, 6, 6]);
const inner = 'stage2.block1.conv1';
const plan = (sites: Record<string, SiteSettings>): Plan => ({ recipe: {}, techniques: { prune: sites } });
const one = (settings: SiteSettings) => plan({ [inner]: { keep: 0.5, ...settings } });

/** The filters of a layer, as text, to tell which ones are left. */
function filters(from: Graph, layer = inner, channels = 6): string[] {
  const { data, shape } = from.initializers[`${layer}.weight`]!;
  const size = elementCount(shape) / shape[0]!;
  return Array.from({ length: Math.min(channels, shape[0]!) }, (_, c) => data.slice(c * size, (c + 1) * size).join());
}
const all = filters(graph, inner, 8);
const keptBy = (chosen: Plan, findings: Findings = noFindings) =>
  filters(rewrite(graph, chosen, findings), inner, 8).map((filter) => all.indexOf(filter));
const best = (scores: readonly number[], count: number) =>
  scores
    .map((score, c) => ({ score, c }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ c }) => c)
    .sort((a, b) => a - b);
const numbers = all.map((text) => text.split(',').map(Number));

describe('which channels stay', () => {
  it('scale: those that BatchNormalization passes on most', () => {
    const scales = [...(graph.initializers[`${inner}.bn.scale`]!.data as Float32Array)].map(Math.abs);
    expect(keptBy(one({ importance: 'scale' }))).toEqual(best(scales, 4));
  });

  it('median: those farthest from the others', () => {
    const distances = numbers.map((a) =>
      numbers.reduce((sum, b) => sum + Math.sqrt(a.reduce((square, x, i) => square + (x - b[i]!) ** 2, 0)), 0),
    );
    expect(keptBy(one({ importance: 'median' }))).toEqual(best(distances, 4));
  });

  it('activity: those that are above 0 most often', () => {
    const chosen = one({ importance: 'activity' });
    expect(questionsOf(graph, chosen)).toMatchObject({ activity: [`${inner}.relu`], gradients: false });
    const findings = madeUpFindings(graph, chosen);
    expect(keptBy(chosen, findings)).toEqual(best([...(findings.activity[`${inner}.relu`] as Float32Array)], 4));
  });

  it('activity: by what was there before a layer was left out; the activation behind it had other channels then', () => {
    const mobile = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6, 6] }, [1, 6, 6]);
    const chosen: Plan = {
      recipe: {},
      techniques: {
        drop: { 'block3.pointwise': { use: false } },
        prune: { 'block2.pointwise': { keep: 0.5, importance: 'activity' } },
      },
    };
    const findings = madeUpFindings(mobile, chosen);
    const shares = Object.values(findings.activity).map((share) => Array.from(share));
    const kept = best(
      shares[0]!.map((_, c) => shares.reduce((sum, share) => sum + share[c]!, 0)),
      3,
    );
    const wide = filters(mobile, 'block2.pointwise', 6);
    const left = filters(rewrite(mobile, chosen, findings), 'block2.pointwise', 6);
    expect(left.map((filter) => wide.indexOf(filter))).toEqual(kept);
  });

  it('taylor: those whose scale and shift times their gradients matter most', () => {
    const chosen = one({ importance: 'taylor' });
    const findings = madeUpFindings(graph, chosen);
    const { inputs } = graph.nodes.find(({ name }) => name === `${inner}.bn`)!;
    const gates = inputs.slice(1, 3);
    const scores = numbers.map((_, c) =>
      findings.gradients.reduce(
        (sum, batch) =>
          sum + gates.reduce((dot, name) => dot + Number(graph.initializers[name]!.data[c]) * batch[name]![c]!, 0) ** 2,
        0,
      ),
    );
    expect(keptBy(chosen, findings)).toEqual(best(scores, 4));
  });

  it('taylor, without BatchNormalization: those whose weights and bias times their gradients matter most', () => {
    const { b, x } = sketch();
    const plain = classify(b, conv3(b, x, 'a', 6));
    const chosen = plan({ a: { keep: 0.5, importance: 'taylor' } });
    const findings = madeUpFindings(plain, chosen);
    const [weight, bias] = plain.nodes.find(({ name }) => name === 'a')!.inputs.slice(1);
    const products = (name: string, batch: (typeof findings.gradients)[number]) =>
      [...(plain.initializers[name]!.data as Float32Array)].map((value, i) => value * batch[name]![i]!);
    const scores = Array.from({ length: 6 }, (_, c) =>
      findings.gradients.reduce((sum, batch) => {
        const [all, size] = [products(weight!, batch), plain.initializers[weight!]!.data.length / 6];
        const own = [...all.slice(c * size, (c + 1) * size), ...(bias ? [products(bias, batch)[c]!] : [])];
        return sum + own.reduce((dot, each) => dot + each, 0) ** 2;
      }, 0),
    );
    expect(filters(rewrite(plain, chosen, findings), 'a', 3)).toEqual(best(scores, 3).map((c) => filters(plain, 'a', 6)[c]!));
  });

  it('removal: those without which the network gets most wrong, and of equal ones those that its loss misses', () => {
    const chosen = one({ importance: 'removal' });
    const { effects = {} } = questionsOf(graph, chosen);
    const names = Object.keys(effects);
    expect(names).toHaveLength(8);
    const smaller = effects[names[2]!]!();
    expect(filters(smaller, inner, 8)).toEqual(all.toSpliced(2, 1));
    const accuracies = [0.5, 0.9, 0.6, 0.9, 0.9, 0.7, 0.9, 0.9];
    const entries = names.map((name, c) => [name, { accuracy: accuracies[c]!, loss: c === 4 ? 2 : 1 }] as const);
    expect(keptBy(chosen, { ...noFindings, effects: Object.fromEntries(entries) })).toEqual([0, 2, 4, 5]);
  });

  it('where there is nothing to judge by: l1', () => {
    const { b, x } = sketch();
    const plain = classify(b, conv3(b, x, 'a', 6));
    const results = ['l1', 'scale', 'activity'].map((importance) => rewrite(plain, plan({ a: { keep: 0.5, importance } })));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it.each([
    [0.0001, 1, 1],
    [0.5, 1, 2],
    [0.8, 2, 2],
  ])('of layers that a Concat brings together, each its share, one at least: keep %f', (keep, ofFirst, ofSecond) => {
    const { b, x } = sketch();
    const joined = b.op('Concat', [conv3(b, x, 'first', 2), conv3(b, x, 'second', 3)], { axis: 1 });
    const concat = classify(b, b.op('Add', [joined, conv3(b, x, 'beside', 5)]));
    const result = rewrite(concat, plan({ first: { keep } }));
    const widths = layersOf(result).map(({ weight }) => result.types[weight]!.shape[0]);
    expect(widths.slice(0, 3)).toEqual([ofFirst, ofSecond, ofFirst + ofSecond]);
  });

  it.each([0, -0.5, 1.5])('refuses to keep %f of them, by the name of the layer', (keep) => {
    expect(() => canonicalPlan(graph, one({ keep }))).toThrow(
      expect.objectContaining({
        code: 'COMPRESS_SETTING',
        message: `prune at "${inner}": keep cannot be ${keep}: give a number from 0.0001 to 1.`,
      }),
    );
  });

  it.each(['activity', 'taylor', 'removal'])('%s says which layer lacks its answer', (importance) => {
    expect(() => rewrite(graph, one({ importance }))).toThrow(
      expect.objectContaining({ code: 'COMPRESS_FINDINGS', message: expect.stringContaining(`prune at "${inner}"`) as string }),
    );
  });
});

/** Made-up ranges of what a plan has to know. */
const ranges = (from: Graph, chosen: Plan): Statistics =>
  Object.fromEntries(statisticsNeeded(from, chosen).map(({ value }) => [value, { min: -1, max: 2 }]));

describe('gradually', () => {
  const dataset = stripes(64);
  const small = tinyResnet(dataset.shape, { widths: [4, 6, 8] });
  const sites = channelGroups(small).map(({ name }) => name);
  const settings = recipe({ batchSize: 16, epochs: 2 });
  const everywhere = (own: SiteSettings) =>
    plan(Object.fromEntries(sites.map((site) => [site, { keep: 0.5, when: 'gradual', ...own }])));
  const trainBy = (chosen: Plan, more = {}) =>
    train({
      graph: small,
      dataset,
      recipe: settings,
      seed: 'a',
      hooks: quiet,
      ...trainingOf(small, small, chosen),
      perImage: {},
      ...more,
    });

  it.each(['l1', 'l2', 'median', 'scale'])(
    'channels are switched off in training, so that removing them changes nothing: %s',
    async (importance) => {
      const chosen = everywhere({ importance });
      expect(rewrite(small, chosen)).toEqual(small);
      const { graph: trained } = await trainBy(chosen);
      const final = finalize(trained, chosen, {});
      expect(final.initializers).not.toEqual({});
      const x = { x: Float64Array.from(images(small, 'gradual')) };
      const [a, b] = [interpret(final, x), interpret(finalize(trained, noPlan, {}), x)].map((values) => values['logits']!.data);
      expect(relativeError(a!, b!)).toBeLessThan(1e-9);
      const channels = (each: Graph) => channelGroups(each).map((group) => group.channels);
      expect(channels(final)).toEqual(channels(foldBatchNorm(small)).map((count) => count / 2));
    },
  );

  it.each(['Tanh', 'Sigmoid', 'HardSigmoid'])('also behind %s, which may be more than 0 where a channel is gone', (op) => {
    const { b, x } = sketch();
    const active = b.op(op, [conv3(b, x, 'first', 8)]);
    const network = b.build([fullyConnected(b, b.op('Flatten', [active]), 'dense', 3)]);
    const chosen = canonicalPlan(network, plan({ first: { keep: 0.5, when: 'gradual' } }));
    const weights = Object.fromEntries(
      Object.entries(network.initializers).map(([name, { data }]) => [name, (data as Float32Array).slice()]),
    );
    const { during } = trainingOf(network, network, chosen);
    const step = during!(weights);
    for (let i = 1; i <= 20; i++) step(weights, { step: i, steps: 20 });
    const initializers = Object.fromEntries(
      Object.entries(network.initializers).map(([name, tensor]) => [name, { ...tensor, data: weights[name]! }]),
    );
    const trained = { ...network, initializers };
    const feeds = { x: Float64Array.from(images(network, 'gradual')) };
    const [output] = network.outputs;
    const [before, after] = [trained, finalize(trained, chosen, {})].map((graph) => interpret(graph, feeds)[output!]!.data);
    expect(relativeError(after!, before!)).toBeLessThan(1e-6);
  });

  it('goes on from a checkpoint bit by bit', async () => {
    const chosen = everywhere({ importance: 'scale', penalty: 0.01 });
    const whole = await trainBy(chosen);
    const half = await trainBy(chosen, { untilEpoch: 1 });
    expect((await trainBy(chosen, { from: half.checkpoint })).graph.initializers).toEqual(whole.graph.initializers);
  });

  it('also while training feels the quantization that follows', async () => {
    const layers = layersOf(small).map(({ name }) => name);
    const quantize = Object.fromEntries(layers.map((name) => [name, { bits: 8, mode: 'qat' }]));
    const chosen = { recipe: {}, techniques: { ...everywhere({ importance: 'l1' }).techniques, quantize } };
    const simulated = simulate(small, chosen, ranges(small, chosen));
    expect(channelGroups(simulated).map(({ name, channels }) => [name, channels])).toEqual(
      channelGroups(small).map(({ name, channels }) => [name, channels]),
    );
    const { graph: trained } = await trainBy(chosen, { graph: simulated, ...trainingOf(simulated, small, chosen), perImage: {} });
    const final = finalize(trained, chosen, ranges(trained, chosen));
    const bytes = encode(final, { symbolicBatch: 'N' });
    expect(bytes.length).toBe(encodedLength(finalStructure(withoutValues(small), chosen)!, { symbolicBatch: 'N' }));
  });

  it('a penalty makes scales small', async () => {
    const scales = ({ initializers }: Graph) =>
      Object.entries(initializers).reduce(
        (sum, [name, { data }]) =>
          sum + (name.endsWith('.scale') ? (data as Float32Array).reduce((a, b) => a + Math.abs(b), 0) : 0),
        0,
      );
    const [plain, pulled] = [await trainBy(everywhere({ keep: 0.9 })), await trainBy(everywhere({ keep: 0.9, penalty: 0.05 }))];
    expect(scales(pulled.graph)).toBeLessThan(0.95 * scales(plain.graph));
  });
});

describe('its normal form', () => {
  it.each<[string, Plan, Plan]>([
    ['a penalty without a schedule', one({ penalty: 0.1 }), one({})],
    [
      'what only the trained network tells, with a schedule',
      one({ importance: 'taylor', when: 'gradual' }),
      one({ when: 'gradual' }),
    ],
  ])('takes no notice of: %s', (_, a, b) => {
    expect(canonicalPlan(graph, a)).toEqual(canonicalPlan(graph, b));
    expect(planKey(graph, a)).toBe(planKey(graph, b));
  });

  it('a layer that is pruned at the end counts at its final size before it', () => {
    const sparse = (sparsity: number): Plan => ({
      recipe: {},
      techniques: { prune: { stem: { keep: 1 / 6, when: 'gradual' } }, sparsify: { stem: { sparsity } } },
    });
    expect(planKey(graph, sparse(0.5))).toBe(planKey(graph, sparse(0.55)));
  });
});
