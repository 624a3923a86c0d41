import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { uniformPlan } from '../../../src/network/compress/anchors.ts';
import { product, spectrumOf, transposed } from '../../../src/network/compress/factor/matrices.ts';
import { factor } from '../../../src/network/compress/factor.ts';
import { canonicalPlan, planKey, rewrite, structureIsKnown } from '../../../src/network/compress/recipe.ts';
import { noFindings } from '../../../src/network/compress/technique.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { parameterCount } from '../../../src/network/ir/macs.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { finished, noPlan, relativeError, runOnnx } from '../../fixtures/compression.ts';
import { classify, conv3, fullyConnected, images, sketch, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { sketches } from '../../fixtures/sketches.ts';

const resnet = trainedResnet({ blocks: [1, 1], widths: [8, 12] }, [1, 8, 8]);
const plan = (graph: Graph, settings: SiteSettings): Plan => uniformPlan(graph, { factor: settings });
const outputOf = (graph: Graph) => interpret(graph, { x: Float64Array.from(images(graph, 'run')) })[graph.outputs[0]!]!.data;
const errorOf = (graph: Graph, settings: SiteSettings) =>
  relativeError(outputOf(rewrite(graph, plan(graph, settings))), outputOf(graph));
const forms = ['channel', 'spatial', 'tucker'];

describe('low rank', () => {
  it.each(forms)('is the network itself at full rank, and further from it the less rank is left: %s', (form) => {
    for (const graph of [resnet, ...Object.values(sketches).map(({ build }) => build())]) {
      if (factor.sites(graph).length === 0) continue;
      // All of the energy is all of the rank, but written as a product.
      expect(errorOf(graph, { keep: 0.999_999_999, by: 'energy', form })).toBeLessThan(1e-3);
      verify(rewrite(graph, plan(graph, { keep: 0.4, form })));
    }
    const errors = [0.8, 0.5, 0.2].map((keep) => errorOf(resnet, { keep, form }));
    expect(errors).toEqual(errors.toSorted((a, b) => a - b));
  });

  it.each(forms)('rounds the rank to what the hardware likes: %s', (form) => {
    const wide = trainedResnet({ blocks: [1, 1], widths: [16, 32] }, [1, 8, 8]);
    for (const settings of [{ keep: 0.4 }, { keep: 0.6, by: 'energy' }]) {
      const chosen = canonicalPlan(wide, plan(wide, { ...settings, form, multiple: 8 }));
      expect(canonicalPlan(wide, chosen)).toEqual(chosen);
      const result = rewrite(wide, chosen);
      const thin = layersOf(result).filter(({ name }) => name.startsWith('stage') && name.includes('#'));
      const ranks = thin.map(({ weight }) => result.types[weight]!.shape[0]!);
      expect(ranks.length).toBeGreaterThan(2);
      expect(ranks.filter((rank) => rank % 8 !== 0)).toEqual([]);
    }
  });

  it.each([0, 1.2])('refuses to keep %f of it, by the name of the layer', (keep) => {
    expect(() => canonicalPlan(resnet, { recipe: {}, techniques: { factor: { stem: { keep } } } })).toThrow(
      `factor at "stem": keep cannot be ${keep}: give a number from 0.0001 to 1.`,
    );
  });

  it.each(forms)('finds a product that is there, whatever stride, padding and form: %s', (form) => {
    const attributes = { kernel_shape: [3, 3], pads: [1, 2, 0, 1], strides: [2, 1], dilations: [1, 2] };
    const { b, x, w } = sketch(4);
    const graph = classify(b, b.op('Conv', [x, w('a.weight', 6, 4, 3, 3)], attributes, { name: 'a' }));
    // Factored once, the product is of low rank; multiplied out and factored again, it is found exactly.
    const [k, c] = [6, 4];
    const low = Float32Array.from({ length: k * c * 9 }, (_, i) => {
      const [out, input, y, z] = [Math.floor(i / (c * 9)), Math.floor(i / 9) % c, Math.floor(i / 3) % 3, i % 3];
      return (out + 1) * (0.5 - input) * (y + 0.3) * (2 - z);
    });
    const thin = {
      ...graph,
      initializers: { ...graph.initializers, 'a.weight': { ...graph.initializers['a.weight']!, data: low } },
    };
    const split = rewrite(thin, { recipe: {}, techniques: { factor: { a: { keep: 0.01, form } } } });
    expect(layersOf(split).length).toBeGreaterThan(layersOf(thin).length);
    expect(relativeError(outputOf(split), outputOf(thin))).toBeLessThan(1e-5);
  });

  it('makes large dense layers much smaller, in the usual kernels', async () => {
    const { b, x } = sketch(16);
    const hidden = b.op('Relu', [fullyConnected(b, b.op('Flatten', [x], { axis: 1 }), 'hidden', 128)]);
    const graph = b.build([fullyConnected(b, hidden, 'dense', 10)]);
    const split = rewrite(graph, { recipe: {}, techniques: { factor: { hidden: { keep: 0.1 } } } });
    expect(parameterCount(graph) / parameterCount(split)).toBeGreaterThan(4);
    expect((await runOnnx(split)).kernels.filter((op) => op.endsWith('Gemm'))).toHaveLength(3);
  });

  it('keeps by energy as much rank as it takes, and says that the size depends on the weights', () => {
    const settings = { keep: 0.9, by: 'energy' };
    const graph = rewrite(resnet, plan(resnet, settings));
    const { weight } = layersOf(resnet).find(({ name }) => name === 'stage1.block1.conv1')!;
    const { shape, data } = resnet.initializers[weight]!;
    const [rows, columns] = [shape[0]!, data.length / shape[0]!];
    const { energies } = spectrumOf({ rows, columns, data: Float64Array.from(data as Float32Array) });
    const total = energies.reduce((sum, energy) => sum + energy, 0);
    const rank = graph.initializers['stage1.block1.conv1#reduce.weight']!.shape[0]!;
    const kept = (count: number) => energies.slice(0, count).reduce((sum, energy) => sum + energy, 0) / total;
    expect(kept(rank)).toBeGreaterThanOrEqual(0.9);
    expect(kept(rank - 1)).toBeLessThan(0.9);
    expect([structureIsKnown(plan(resnet, settings)), structureIsKnown(plan(resnet, { keep: 0.9 }))]).toEqual([false, true]);
  });

  it('is pruned and quantized like the layer that it stands for', async () => {
    const both = uniformPlan(resnet, { factor: { keep: 0.5 }, prune: { keep: 0.5 }, quantize: { bits: 8 } });
    const rewritten = rewrite(resnet, both);
    const { output, kernels } = await runOnnx(await finished(rewritten, both));
    expect(kernels.filter((op) => /^(Conv|Gemm)$/.test(op))).toEqual([]);
    expect(kernels.filter((op) => op === 'QLinearConv').length).toBe(layersOf(rewritten).length - 2);
    expect(relativeError(output, (await runOnnx(rewritten)).output)).toBeLessThan(0.15);
  });

  it('has one key for what means the same', () => {
    const key = (settings: SiteSettings) =>
      planKey(resnet, { recipe: {}, techniques: { factor: { 'stage1.block1.conv1': settings } } });
    expect(key({ keep: 0.5 })).toBe(key({ keep: 0.51 }));
    expect(key({ keep: 0.99 })).toBe(planKey(resnet, noPlan));
    expect(key({ keep: 0.01, by: 'energy' })).toBe(key({ keep: 0.001 }));
    const pointwise = (form: string) =>
      canonicalPlan(resnet, { recipe: {}, techniques: { factor: { 'stage2.block1.shortcut': { keep: 0.5, form } } } });
    expect(pointwise('tucker')).toEqual(pointwise('channel'));
  });

  it('restates gradients: a step along those of the parts is the step that the chain rule says', () => {
    fc.assert(
      fc.property(fc.constantFrom(...forms), fc.integer({ min: 0, max: 1000 }), (form, seed) => {
        const { b, x } = sketch(3);
        const graph = classify(b, conv3(b, x, `a${seed % 7}`, 5));
        const name = `a${seed % 7}`;
        const settings = { [name]: { keep: 0.6, by: 'rank', form, multiple: 1 } } as const;
        const whole = Float32Array.from({ length: 135 }, (_, i) => Math.sin(i * (seed + 1)));
        const findings = { ...noFindings, gradients: [{ [`${name}.weight`]: whole }] };
        const split = factor.rewrite!(graph, settings as never, noFindings);
        const restated = factor.restate!(graph, settings as never, findings).gradients[0]!;
        const parts = Object.keys(split.initializers).filter((each) => each.startsWith(`${name}#`));
        // d/dt of Σ whole · product(parts + t · direction) at t = 0, part by part.
        for (const part of parts) {
          const { data } = split.initializers[part]!;
          const direction = (data as Float32Array).map((_, i) => Math.cos(i + seed));
          const at = (t: number) => {
            const moved = (data as Float32Array).map((value, i) => value + t * direction[i]!);
            return inner(
              whole,
              weightOf(
                { ...split, initializers: { ...split.initializers, [part]: { ...split.initializers[part]!, data: moved } } },
                name,
              ),
            );
          };
          const slope = (at(0.05) - at(-0.05)) / 0.1;
          expect(inner(restated[part]!, direction)).toBeCloseTo(slope, 2);
        }
      }),
      { numRuns: 12, seed: 3 },
    );
  });
});

const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, i) => value * b[i]!).reduce((sum, each) => sum + each, 0);

/** The weight [5, 3, 3, 3] that a row of convolutions amounts to. */
function weightOf(graph: Graph, name: string): number[] {
  const parts = layersOf(graph).filter((layer) => layer.name.split('#')[0] === name);
  const [first, ...others] = parts.map(({ weight }) => graph.initializers[weight]!);
  let [shape, data] = [first!.shape as number[], Array.from(first!.data, Number)];
  for (const next of others) {
    const [k, r, h, w] = next.shape as [number, number, number, number];
    const [, c, oh, ow] = shape as [number, number, number, number];
    const [nh, nw] = [h * oh, w * ow]; // one of the two is 1 along each axis
    const made = Array.from({ length: k * c * nh * nw }, (_, i) => {
      const [out, input, y, x] = [Math.floor(i / (c * nh * nw)), Math.floor(i / (nh * nw)) % c, Math.floor(i / nw) % nh, i % nw];
      let sum = 0;
      for (let m = 0; m < r; m++) {
        const late = Number(next.data[((out * r + m) * h + (h > 1 ? y : 0)) * w + (w > 1 ? x : 0)]);
        sum += late * data[((m * c + input) * oh + (oh > 1 ? y : 0)) * ow + (ow > 1 ? x : 0)]!;
      }
      return sum;
    });
    [shape, data] = [[k, c, nh, nw], made];
  }
  return data;
}

describe('spectra', () => {
  it('are those of the matrix: vectors that are orthonormal, energies that fall and add up', () => {
    const matrix = { rows: 4, columns: 6, data: Float64Array.from({ length: 24 }, (_, i) => Math.sin(i * i)) };
    const { vectors, energies } = spectrumOf(matrix);
    const identity = product(transposed(vectors), vectors).data;
    identity.forEach((value, i) => {
      expect(value).toBeCloseTo(i % 5 === 0 ? 1 : 0, 9);
    });
    expect([...energies]).toEqual([...energies].toSorted((a, b) => b - a));
    const norm = matrix.data.reduce((sum, value) => sum + value * value, 0);
    expect(energies.reduce((sum, energy) => sum + energy, 0)).toBeCloseTo(norm, 9);
  });
});
