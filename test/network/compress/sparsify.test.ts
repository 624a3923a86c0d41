import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { canonicalPlan, planKey, rewrite, trainingOf } from '../../../src/network/compress/recipe.ts';
import { cubicShare } from '../../../src/network/compress/schedule.ts';
import { selectLowest, stayCount } from '../../../src/network/compress/sparse/select.ts';
import { weightsIn, withCounts } from '../../../src/network/compress/storage/stored.ts';
import { writeStored } from '../../../src/network/compress/storage/write.ts';
import { finalStructure } from '../../../src/network/compress/structure.ts';
import { train } from '../../../src/network/engine/train.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import { encodedLength } from '../../../src/network/ir/bytes/length.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { print } from '../../../src/network/ir/print.ts';
import { withoutValues } from '../../../src/network/ir/zeros.ts';
import { finished, madeUpFindings, noPlan, relativeError, rewritten, runOnnx } from '../../fixtures/compression.ts';
import { trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { quiet, recipe, stripes, tinyResnet } from '../engine/helpers.ts';

const graph = trainedResnet({ blocks: [1, 1], widths: [16, 32] }, [1, 8, 8]);
const layers = layersOf(graph).map(({ name }) => name);
const conv = 'stage2.block1.conv2';

const plan = (names: readonly string[], settings: SiteSettings, others: Plan['techniques'] = {}): Plan => ({
  recipe: {},
  techniques: { sparsify: Object.fromEntries(names.map((name) => [name, settings])), ...others },
});
const everywhere = (settings: SiteSettings, others: Plan['techniques'] = {}) => plan(layers, settings, others);
const uniform = (settings: SiteSettings) => Object.fromEntries(layers.map((name) => [name, settings]));

const weightOf = (from: typeof graph, layer: string) => from.initializers[`${layer}.weight`]!.data as Float32Array;
const zerosIn = (data: Float32Array) => data.filter((value) => value === 0).length;

describe('which weights go', () => {
  it('the smallest of the layer', () => {
    const [before, after] = [graph, rewrite(graph, plan([conv], { sparsity: 0.75 }))].map((each) => weightOf(each, conv));
    const threshold = before!.map(Math.abs).sort()[before!.length * 0.75]!;
    expect([...after!]).toEqual([...before!].map((value) => (Math.abs(value) < threshold ? 0 : value)));
  });

  it('the smallest of all layers that share a threshold, none of them whole', () => {
    const result = rewrite(graph, everywhere({ sparsity: 0.9, threshold: 'network' }));
    const shares = layers.map((name) => zerosIn(weightOf(result, name)) / weightOf(graph, name).length);
    const all = layers.reduce((sum, name) => sum + weightOf(graph, name).length, 0);
    const gone = layers.reduce((sum, name) => sum + zerosIn(weightOf(result, name)), 0);
    expect(gone / all).toBeCloseTo(0.9, 3);
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.1);
    const kept = layers.flatMap((name) => [...weightOf(result, name)].filter((value) => value !== 0).map(Math.abs));
    const lost = layers.flatMap((name) => {
      const after = weightOf(result, name);
      return [...weightOf(graph, name)].filter((_, i) => after[i] === 0).map(Math.abs);
    });
    expect(lost.reduce((a, b) => Math.max(a, b))).toBeLessThanOrEqual(kept.reduce((a, b) => Math.min(a, b)));
    expect(Math.max(...shares)).toBeLessThan(1);
  });

  it.each([
    [4, 0.5, 2],
    [4, 0.75, 1],
    [8, 0.5, 4],
  ])('of every %i inputs a share of %f, so that %i stay', (block, sparsity, stay) => {
    const data = weightOf(rewrite(graph, plan([conv], { sparsity, block })), conv);
    for (let k = 0; k < 32; k++) {
      for (let tap = 0; tap < 9; tap++) {
        for (let c = 0; c < 32; c += block) {
          const places = Array.from({ length: block }, (_, i) => data[(k * 32 + c + i) * 9 + tap]!);
          expect(places.filter((value) => value !== 0)).toHaveLength(stay);
        }
      }
    }
  });

  it('those with the smallest gradient × weight', () => {
    const taylor = plan([conv], { sparsity: 0.5, importance: 'taylor' });
    const findings = madeUpFindings(graph, taylor);
    const [before, after] = [weightOf(graph, conv), weightOf(rewrite(graph, taylor, findings), conv)];
    const name = `${conv}.weight`;
    const score = (i: number) => findings.gradients.reduce((sum, each) => sum + (each[name]![i]! * before[i]!) ** 2, 0);
    const scores = [...before.keys()].map(score);
    const kept = scores.filter((_, i) => after[i] !== 0);
    const gone = scores.filter((_, i) => after[i] === 0);
    expect(gone).toHaveLength(before.length / 2);
    expect(Math.max(...gone)).toBeLessThan(Math.min(...kept));
    const without = () => rewrite(graph, taylor);
    expect(without).toThrow(
      expect.objectContaining({ code: 'COMPRESS_FINDINGS', message: expect.stringContaining(conv) as string }),
    );
  });

  it('with gradients cut as pruning cut the layer', () => {
    const both = plan([conv], { sparsity: 0.5, importance: 'taylor' }, { prune: { [conv]: { keep: 0.5 } } });
    const data = weightOf(rewritten(graph, both), conv);
    expect(zerosIn(data)).toBe(data.length / 2);
  });

  it('any, for comparison, always the same', () => {
    const random = plan([conv], { sparsity: 0.5, importance: 'random' });
    const [a, b] = [rewrite(graph, random), rewrite(graph, random)].map((each) => weightOf(each, conv));
    expect(a).toEqual(b);
    const mean = (data: Float32Array) => data.reduce((sum, value) => sum + Math.abs(value), 0) / data.length;
    expect(mean(a!)).toBeCloseTo(mean(weightOf(graph, conv)) / 2, 2);
  });

  it('an incomplete last block keeps as many as the others', () => {
    const pattern = { shape: [1, 6], axis: 1, block: 4, stay: 1 };
    expect([...selectLowest([1, 2, 3, 4, 6, 5], pattern)]).toEqual([1, 1, 1, 0, 0, 1]);
    expect(stayCount(pattern)).toBe(2);
  });
});

describe('its normal form', () => {
  it.each<[string, Plan, Plan]>([
    ['rounding to whole weights', plan([conv], { sparsity: 0.5 }), plan([conv], { sparsity: 0.50001 })],
    ['rounding within blocks', plan([conv], { sparsity: 0.5, block: 4 }), plan([conv], { sparsity: 0.6, block: 4 })],
    ['blocks longer than the inputs', plan(['stem'], { sparsity: 0.5, block: 4 }), noPlan],
    ['a pool of one', plan([conv], { sparsity: 0.5, threshold: 'network' }), plan([conv], { sparsity: 0.5 })],
    [
      'what decides while the network is trained is its magnitude',
      plan([conv], { sparsity: 0.5, importance: 'taylor', when: 'gradual' }),
      plan([conv], { sparsity: 0.5, when: 'gradual' }),
    ],
    [
      'a share of the weights that pruning left',
      plan(['stem'], { sparsity: 0.5 }, { prune: { stem: { keep: 1 / 16 } } }),
      plan(['stem'], { sparsity: 0.55 }, { prune: { stem: { keep: 1 / 16 } } }),
    ],
  ])('takes no notice of: %s', (_, a, b) => {
    expect(canonicalPlan(graph, a)).toEqual(canonicalPlan(graph, b));
    expect(planKey(graph, a)).toBe(planKey(graph, b));
  });

  it.each([1, -0.1])('refuses a sparsity of %f', (sparsity) => {
    expect(() => canonicalPlan(graph, plan([conv], { sparsity }))).toThrow(
      expect.objectContaining({
        code: 'COMPRESS_SETTING',
        message: expect.stringMatching(/sparsify at "stage2.block1.conv2": .*from 0 to 0.999/) as string,
      }),
    );
  });
});

describe('during training', () => {
  const dataset = stripes(64);
  const small = tinyResnet(dataset.shape);
  const sites = layersOf(small).map(({ name }) => name);
  const settings = recipe({ batchSize: 16, epochs: 2 });
  const trainBy = (chosen: Plan, more = {}) => {
    const start = rewrite(small, chosen);
    return train({
      graph: start,
      dataset,
      recipe: settings,
      seed: 'a',
      hooks: quiet,
      ...trainingOf(start, small, chosen),
      perImage: {},
      ...more,
    });
  };

  it('what went before stays away', async () => {
    const chosen = plan(sites, { sparsity: 0.5 });
    const { graph: trained } = await trainBy(chosen);
    for (const site of sites) {
      const [before, after] = [weightOf(rewrite(small, chosen), site), weightOf(trained, site)];
      expect([...after].map((value) => value === 0)).toEqual([...before].map((value) => value === 0));
      expect(after).not.toEqual(before);
    }
  });

  it.each(['layer', 'network'])('goes little by little, to what was asked for (%s)', async (threshold) => {
    const chosen = plan(sites, { sparsity: 0.75, when: 'gradual', threshold });
    expect(rewrite(small, chosen)).toEqual(small);
    const { graph: trained } = await trainBy(chosen);
    const [gone, all] = [zerosIn, (data: Float32Array) => data.length].map((of) =>
      sites.reduce((sum, site) => sum + of(weightOf(trained, site)), 0),
    );
    expect(gone! / all!).toBeCloseTo(0.75, 1);
  });

  it('goes on from a checkpoint bit by bit', async () => {
    const chosen = plan(sites, { sparsity: 0.75, when: 'gradual' });
    const whole = await trainBy(chosen);
    const half = await trainBy(chosen, { untilEpoch: 1 });
    const rest = await trainBy(chosen, { from: half.checkpoint });
    expect(rest.graph.initializers).toEqual(whole.graph.initializers);
  });

  it('by a cubic schedule that ends after two thirds', () => {
    const shares = Array.from({ length: 300 }, (_, i) => cubicShare({ step: i + 1, steps: 300 }));
    const chosen = shares.filter((share) => share !== undefined);
    expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
    expect(shares.findLastIndex((share) => share !== undefined)).toBe(199);
    expect(chosen.at(-1)).toBe(1);
    expect(shares[99]).toBeCloseTo(0.875, 9);
    expect(cubicShare({ step: 1, steps: 1 })).toBe(1);
  });
});

describe('in the file', () => {
  const withCount = (from: Graph, layer: string, count: number) =>
    writeStored(withCounts(from, [{ ...weightsIn(from).get(layer)!, count }]));
  const sizeOf = async (chosen: Plan) => encode(await finished(rewritten(graph, chosen), chosen)).length;

  it('only what is not 0 is stored, for floats and for integers', async () => {
    const int8 = { quantize: uniform({ bits: 8 }) };
    const sizes: number[] = [];
    for (const sparsity of [0.5, 0.75, 0.9, 0.98]) {
      const ratios = [
        (await sizeOf(everywhere({ sparsity }))) / (await sizeOf(noPlan)),
        (await sizeOf(everywhere({ sparsity }, int8))) / (await sizeOf({ recipe: {}, techniques: int8 })),
      ];
      sizes.push(...ratios);
    }
    const [half, half8, quarter, quarter8, tenth, tenth8, least, least8] = sizes as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    expect([half, quarter, tenth, least].map((ratio) => Math.round(ratio * 20) / 20)).toEqual([0.55, 0.3, 0.15, 0.05]);
    expect([half8, quarter8, tenth8, least8]).toEqual([half8, quarter8, tenth8, least8].toSorted((a, b) => b - a));
    expect(half8).toBeLessThan(0.8);
  });

  it.each<[string, Plan]>([
    ['floats, mask', everywhere({ sparsity: 0.5 })],
    ['floats, gaps', everywhere({ sparsity: 0.97 })],
    ['floats, both', { recipe: {}, techniques: { sparsify: { ...uniform({ sparsity: 0.97 }), [conv]: { sparsity: 0.5 } } } }],
    ['integers, mask', everywhere({ sparsity: 0.5 }, { quantize: uniform({ bits: 8 }) })],
    ['integers, gaps', everywhere({ sparsity: 0.97 }, { quantize: uniform({ bits: 8 }) })],
    ['blocks', everywhere({ sparsity: 0.5, block: 4 })],
    ['one threshold', everywhere({ sparsity: 0.9, threshold: 'network' })],
    ['8 bits alone', everywhere({ sparsity: 0.9 }, { quantize: uniform({ bits: 8, mode: 'weight-only' }) })],
    ['4 bits alone, mask', everywhere({ sparsity: 0.6 }, { quantize: uniform({ bits: 4, mode: 'weight-only' }) })],
    ['4 bits alone, gaps', everywhere({ sparsity: 0.97 }, { quantize: uniform({ bits: 4, mode: 'weight-only' }) })],
    [
      '4 bits in groups',
      everywhere({ sparsity: 0.5, block: 4 }, { quantize: uniform({ bits: 4, mode: 'weight-only', group: 16 }) }),
    ],
    ['4-bit integers', everywhere({ sparsity: 0.9 }, { quantize: uniform({ bits: 4 }) })],
    ['3 bits', everywhere({ sparsity: 0.9 }, { quantize: uniform({ bits: 3, mode: 'weight-only' }) })],
    ['2 bits', everywhere({ sparsity: 0.95 }, { quantize: uniform({ bits: 2, mode: 'weight-only' }) })],
    [
      'bits of all kinds',
      everywhere({ sparsity: 0.9 }, { quantize: { ...uniform({ bits: 4 }), [conv]: { bits: 3 }, stem: { bits: 8 } } }),
    ],
  ])('it runs in the kernels of the dense network, with the same result: %s', async (_, chosen) => {
    const sparse = rewritten(graph, chosen);
    const { sparsify: _without, ...others } = chosen.techniques;
    const dense = { recipe: {}, techniques: others };
    const [stored, plain] = [await finished(sparse, chosen), await finished(sparse, dense)];
    expect(encode(stored).length).toBeLessThan(encode(plain).length);
    const [a, b] = [await runOnnx(stored), await runOnnx(plain)];
    expect(a.output).toEqual(b.output);
    expect(a.kernels).toEqual(b.kernels);
  });

  it.each([
    {},
    { bits: 8 },
    { bits: 8, mode: 'weight-only' },
    { bits: 4 },
    { bits: 3, mode: 'weight-only' },
    { bits: 2, mode: 'weight-only', group: 16 },
  ])('its size is known before training, and never more than that of dense weights: %o', async (settings) => {
    const others = { quantize: uniform(settings) };
    const dense = await sizeOf({ recipe: {}, techniques: others });
    for (const sparsity of [0.1, 0.5, 0.9, 0.97]) {
      const chosen = everywhere({ sparsity }, others);
      const size = await sizeOf(chosen);
      expect(encodedLength(finalStructure(withoutValues(graph), chosen)!)).toBe(size);
      expect(size).toBeLessThanOrEqual(dense);
    }
  });

  it('dense layers with ranges of every run are stored likewise', async () => {
    const wide = trainedModel({ family: 'mlp', widths: [64] }, [1, 8, 8]);
    const names = layersOf(wide).map(({ name }) => name);
    const dynamic = { quantize: Object.fromEntries(names.map((name) => [name, { bits: 8, mode: 'dynamic' }])) };
    const chosen = plan(names, { sparsity: 0.9 }, dynamic);
    const sparse = rewritten(wide, chosen);
    const [stored, plain] = [await finished(sparse, chosen), await finished(sparse, { recipe: {}, techniques: dynamic })];
    expect(encode(stored).length).toBeLessThan(0.5 * encode(plain).length);
    const [a, b] = [await runOnnx(stored), await runOnnx(plain)];
    expect(a).toEqual(b);
  });

  it('zeros that are many and apart take steps of their own; fewer values than announced are filled up', async () => {
    const folded = foldBatchNorm(graph);
    const size = weightOf(graph, conv).length;
    const data = new Float32Array(size);
    data.set([1, 2, 3], size - 3);
    const name = `${conv}.weight`;
    const lonely = { ...folded, initializers: { ...folded.initializers, [name]: { ...folded.initializers[name]!, data } } };
    const stored = withCount(lonely, conv, 10);
    expect(encode(stored).length).toBe(encode(withCount(withoutValues(folded), conv, 10)).length);
    const [a, b] = await Promise.all([runOnnx(stored), runOnnx(lonely)]);
    expect(relativeError(a.output, b.output)).toBe(0);
  });

  it('little networks stay as they are', () => {
    const tiny = foldBatchNorm(trainedResnet({ blocks: [1], widths: [2] }, [1, 6, 6]));
    expect(print(withCount(tiny, 'dense', 1))).toBe(print(tiny));
  });
});
