import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { anchors, uniformPlan } from '../../../src/network/compress/anchors.ts';
import { techniqueInfos } from '../../../src/network/compress/catalog.ts';
import {
  canonicalPlan,
  changesTraining,
  finalize,
  isIdentity,
  planKey,
  rewrite,
  statisticsNeeded,
} from '../../../src/network/compress/recipe.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { noPlan } from '../../fixtures/compression.ts';
import { trainedResnet } from '../../fixtures/graphs.ts';

const graph = trainedResnet({ blocks: [1, 1], widths: [8, 12] }, [1, 6, 6]);
const plan = (techniques: Plan['techniques'], recipe: Plan['recipe'] = {}): Plan => ({ recipe, techniques });
const stem = (settings: SiteSettings) => plan({ prune: { stem: settings } });

/** The graph that a plan ends in, with made-up ranges. */
function compressed(chosen: Plan) {
  const rewritten = rewrite(graph, chosen);
  const ranges = statisticsNeeded(rewritten, chosen).map(({ value }) => [value, { min: -1, max: 2 }] as const);
  return finalize(rewritten, chosen, Object.fromEntries(ranges));
}

describe('the normal form of a plan', () => {
  it.each<[string, Plan, Plan]>([
    ['rounding to whole channels', stem({ keep: 0.5 }), stem({ keep: 0.51 })],
    ['rounding to a multiple', stem({ keep: 0.4, multiple: 4 }), stem({ keep: 0.5 })],
    ['at least one channel', stem({ keep: 0.001 }), stem({ keep: 0.125 })],
    ['at most all of them', stem({ keep: 0.9, multiple: 16 }), noPlan],
    ['defaults', stem({ keep: 0.5, importance: 'l1', multiple: 1 }), stem({ keep: 0.5 })],
    ['switched off', plan({ prune: { stem: { keep: 1, importance: 'l2' } }, quantize: { dense: { bits: 32 } } }), noPlan],
    ['no sites', plan({ prune: {} }), noPlan],
    [
      'any order',
      plan({ quantize: { dense: { bits: 8 }, stem: { bits: 8 } }, prune: { stem: { keep: 0.5 } } }),
      plan({ prune: { stem: { keep: 0.5 } }, quantize: { stem: { bits: 8 }, dense: { bits: 8 } } }),
    ],
    [
      'a recipe where nothing is trained',
      plan({ quantize: { stem: { bits: 8 } } }, { epochs: 3 }),
      plan({ quantize: { stem: { bits: 8 } } }),
    ],
  ])('takes no notice of: %s', (_, a, b) => {
    expect(canonicalPlan(graph, a)).toEqual(canonicalPlan(graph, b));
    expect(planKey(graph, a)).toBe(planKey(graph, b));
  });

  it('tells plans apart that differ', () => {
    const plans = [
      noPlan,
      stem({ keep: 0.5 }),
      stem({ keep: 0.625 }),
      stem({ keep: 0.5, importance: 'l2' }),
      plan({ prune: { stem: { keep: 0.5 } } }, { learningRate: 0.1 }),
      plan({ quantize: { stem: { bits: 8 } } }),
      plan({ quantize: { stem: { bits: 8, weights: 'per-tensor' } } }),
      plan({ quantize: { dense: { bits: 8 } } }),
    ];
    expect(new Set(plans.map((one) => planKey(graph, one))).size).toBe(plans.length);
  });

  it.each<[Plan, string, string]>([
    [plan({ prone: {} }), 'UNKNOWN_TECHNIQUE', 'Did you mean "prune"?'],
    [plan({ prune: { stam: { keep: 0.5 } } }), 'COMPRESS_SITE', 'Did you mean "stem"?'],
    [plan({ prune: { dense: { keep: 0.5 } } }), 'COMPRESS_SITE', 'prune has no site "dense"'],
    [stem({ kepp: 0.5 }), 'COMPRESS_SETTING', 'Did you mean "keep"?'],
    [stem({ keep: 1.5 }), 'COMPRESS_SETTING', 'a number from 0.0001 to 1'],
    [stem({ keep: 0 }), 'COMPRESS_SETTING', 'prune at "stem": keep cannot be 0'],
    [stem({ keep: 0.5, multiple: 1.5 }), 'COMPRESS_SETTING', 'a whole number from 1 to 64'],
    [plan({ quantize: { stem: { bits: 5 } } }), 'COMPRESS_SETTING', 'one of 2, 3, 4, 8, 32'],
  ])('refuses %j', (wrong, code, message) => {
    expect(() => canonicalPlan(graph, wrong)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('knows what has to be trained again', () => {
    const quantized = plan({ quantize: { stem: { bits: 8 } } });
    expect([noPlan, stem({ keep: 1 }), quantized, stem({ keep: 0.5 })].map(isIdentity)).toEqual([true, true, false, false]);
    expect([noPlan, stem({ keep: 1 }), quantized, stem({ keep: 0.5 })].map(changesTraining)).toEqual([false, false, false, true]);
  });
});

/** Plans over a few sites; at least two channels stay, so that one scale per channel differs from one for all. */
const plans = fc
  .record({
    stem: fc.constantFrom(0.25, 0.3, 0.5, 0.55, 0.95, 1),
    second: fc.constantFrom(0.25, 0.5, 1),
    multiple: fc.constantFrom(1, 2, 4),
    bits: fc.constantFrom(8, 32),
    weights: fc.constantFrom('per-channel', 'per-tensor'),
    denseBits: fc.constantFrom(8, 32),
  })
  .map(({ stem: first, second, multiple, bits, weights, denseBits }) =>
    plan({
      prune: { stem: { keep: first, multiple }, 'stage2.block1.conv1': { keep: second } },
      quantize: { stem: { bits, weights }, dense: { bits: denseBits } },
    }),
  );

describe('the key of a plan', () => {
  it('does not depend on settings that come to nothing', () => {
    const resnet = trainedResnet({ depth: 8, widths: [8, 16, 32] }, [1, 8, 8]);
    const half = { width: { 'stage3.block1.conv1': { factor: 0.5 } } };
    const plain = canonicalPlan(resnet, plan(half));
    const beside = canonicalPlan(resnet, plan({ ...half, prune: { stem: { keep: 0.97 } } }));
    expect(canonicalPlan(resnet, plan({ prune: { stem: { keep: 0.97 } } })).techniques).toEqual({});
    expect(beside).toEqual(plain);
    expect(canonicalPlan(resnet, structuredClone(beside))).toEqual(beside);
  });

  it('is equal exactly where the network is', () => {
    const equal = fc.property(fc.array(plans, { minLength: 6, maxLength: 6 }), (list) => {
      const entries = list.map((one) => ({ key: planKey(graph, one), result: compressed(one) }));
      for (const a of entries) {
        for (const b of entries) expect(JSON.stringify(a.result) === JSON.stringify(b.result)).toBe(a.key === b.key);
      }
    });
    fc.assert(equal, { numRuns: 8, seed: 3 });
  });

  it('stays through the normal form', () => {
    const stable = fc.property(plans, (one) => {
      const normal = canonicalPlan(graph, one);
      expect(canonicalPlan(graph, normal)).toEqual(normal);
      expect(compressed(normal)).toEqual(compressed(one));
    });
    fc.assert(stable, { numRuns: 10, seed: 4 });
  });
});

describe('anchors', () => {
  it.each(anchors)('$name is a network of its own', ({ settings }) => {
    const uniform = uniformPlan(graph, settings);
    verify(compressed(uniform));
    expect(isIdentity(uniform)).toBe(false);
    const keys = anchors.map((anchor) => planKey(graph, uniformPlan(graph, anchor.settings)));
    expect(keys.filter((key) => key === planKey(graph, uniform))).toHaveLength(1);
  });

  it('reach every site', () => {
    const chosen = Object.fromEntries(techniqueInfos(graph).map(({ name }) => [name, {}]));
    const uniform = uniformPlan(graph, chosen);
    for (const { name, sites } of techniqueInfos(graph)) {
      expect(Object.keys(uniform.techniques[name]!)).toEqual(sites.map((site) => site.name));
    }
    expect(Object.keys(uniform.techniques['quantize']!)).toEqual(layersOf(graph).map(({ name }) => name));
  });
});

describe('pruning', () => {
  const channelsOf = (chosen: Plan, weight: string) => rewrite(graph, chosen).initializers[weight]!;

  it('keeps the channels of the largest summed norm', () => {
    // stem and stage1.block1.conv2 share their channels: both count.
    const weights = ['stem.weight', 'stage1.block1.conv2.weight'].map((name) => graph.initializers[name]!);
    for (const [importance, power] of [
      ['l1', 1],
      ['l2', 2],
    ] as const) {
      const norm = (data: Float32Array, c: number) => {
        const size = data.length / 8;
        return data.slice(c * size, (c + 1) * size).reduce((sum, w) => sum + Math.abs(w) ** power, 0) ** (1 / power);
      };
      const scores = Array.from({ length: 8 }, (_, c) =>
        weights.reduce((sum, { data }) => sum + norm(data as Float32Array, c), 0),
      );
      const best = scores
        .map((score, c) => ({ score, c }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 3);
      const kept = best.map(({ c }) => c).sort((a, b) => a - b);
      const expected = kept.flatMap((c) => [...weights[0]!.data.subarray(c * 9, (c + 1) * 9)]);
      expect([...channelsOf(stem({ keep: 3 / 8, importance }), 'stem.weight').data]).toEqual(expected);
    }
  });

  it('judges every group by the weights that it was given', () => {
    const both = plan({ prune: { stem: { keep: 0.5 }, 'stage1.block1.conv1': { keep: 0.5 } } });
    const oneByOne = rewrite(graph, stem({ keep: 0.5 }));
    const inner = channelsOf(plan({ prune: { 'stage1.block1.conv1': { keep: 0.5 } } }), 'stage1.block1.conv1.bn.mean');
    expect(channelsOf(both, 'stage1.block1.conv1.bn.mean')).toEqual(inner);
    expect(channelsOf(both, 'stem.weight')).toEqual(oneByOne.initializers['stem.weight']);
  });
});
