import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { uniformPlan } from '../../../src/network/compress/anchors.ts';
import { equalized, pairsOf } from '../../../src/network/compress/quantize/equalize.ts';
import { quantize } from '../../../src/network/compress/quantize.ts';
import { canonicalPlan, finalize, planKey, prepared } from '../../../src/network/compress/recipe.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { finished, noPlan, relativeError, runOnnx } from '../../fixtures/compression.ts';
import { fullyConnected, sketch, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { sketches } from '../../fixtures/sketches.ts';

const mobilenet = trainedModel({ family: 'mobilenet', stem: 6, widths: [6, 8] }, [1, 8, 8]);

/** The same network with channels of very different sizes: what one layer gives too large the next one takes too small. */
function unbalanced(graph: Graph): Graph {
  const folded = foldBatchNorm(graph);
  const initializers = { ...folded.initializers };
  const scale = (name: string, axis: number, factor: (channel: number) => number) => {
    const { shape, data } = initializers[name]!;
    const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const scaled = (data as Float32Array).map((value, i) => value * factor(Math.floor(i / inner) % shape[axis]!));
    initializers[name] = { ...initializers[name]!, data: scaled };
  };
  for (const { first, second, inputAxis } of pairsOf(folded)) {
    for (const name of [first.weight, first.node.inputs[2]!]) scale(name, 0, (c) => 4 ** (1 - (c % 4)));
    scale(second.weight, inputAxis, (c) => 4 ** ((c % 4) - 1));
  }
  return { ...folded, initializers };
}

const everywhere = (graph: Graph, settings: SiteSettings): Plan => uniformPlan(graph, { quantize: settings });

describe('cross-layer equalization', () => {
  it('does not pass a Flatten of rows in a list, whose channels lie last', () => {
    const { b, x, w } = sketch(4);
    const rows = b.op('Transpose', [b.op('Reshape', [x, b.ints([1, 4, 16])])], { perm: [0, 2, 1] });
    const first = b.op('MatMul', [rows, w('first.weight', 4, 4)], {}, { name: 'first' });
    const flat = b.op('Flatten', [b.op('Relu', [first])]);
    expect(pairsOf(b.build([fullyConnected(b, flat, 'dense', 3)]))).toEqual([]);
  });

  it('knows the layers that follow one another, through activations, pooling and flattening', () => {
    const names = (graph: Graph) => pairsOf(foldBatchNorm(graph)).map(({ first, second }) => `${first.name} > ${second.name}`);
    expect(names(mobilenet)).toEqual([
      'stem > block1.depthwise',
      'block1.depthwise > block1.pointwise',
      'block1.pointwise > block2.depthwise',
      'block2.depthwise > block2.pointwise',
      'block2.pointwise > dense',
    ]);
    expect(names(trainedResnet({ blocks: [1], widths: [4] }, [1, 6, 6]))).toEqual(['stage1.block1.conv1 > stage1.block1.conv2']);
    expect(names(sketches['flatten and dense']!.build())).toEqual(['a > hidden', 'hidden > dense']);
    expect(names(sketches['depthwise with a multiplier']!.build())).toEqual(['dw > dense']);
  });

  it('changes no answer, and gives both layers of a pair the same ranges', async () => {
    for (const graph of [unbalanced(mobilenet), sketches['flatten and dense']!.build()]) {
      const folded = foldBatchNorm(graph);
      const equal = equalized(folded, pairsOf(folded));
      const [before, after] = [await runOnnx(folded), await runOnnx(equal)];
      expect(relativeError(after.output, before.output)).toBeLessThan(1e-5);
    }
    const folded = foldBatchNorm(unbalanced(mobilenet));
    const [last] = pairsOf(folded).slice(-1);
    const { initializers } = equalized(folded, [last!]);
    const largest = (values: Iterable<number>) => Math.max(...[...values].map(Math.abs));
    const [own, next] = [initializers[last!.first.weight]!, initializers[last!.second.weight]!];
    for (let c = 0; c < last!.channels; c++) {
      const row = (own.data as Float32Array).subarray(
        (c * own.data.length) / last!.channels,
        ((c + 1) * own.data.length) / last!.channels,
      );
      const column = (next.data as Float32Array).filter((_, i) => i % last!.channels === c);
      expect(largest(row)).toBeCloseTo(largest(column), 4);
    }
  });

  it('makes one scale per tensor good enough for a depthwise network whose channels differ', async () => {
    const graph = unbalanced(mobilenet);
    const { output: exact } = await runOnnx(finalize(graph, noPlan, {}));
    const errorOf = async (settings: SiteSettings) => {
      const { output } = await runOnnx(await finished(graph, everywhere(graph, { bits: 8, weights: 'per-tensor', ...settings })));
      return relativeError(output, exact);
    };
    const [plain, equal] = [await errorOf({}), await errorOf({ equalize: true })];
    expect(equal).toBeLessThan(plain / 4);
    expect(equal).toBeLessThan(0.1);
  });

  it('is refused where the result is cut off above, and means nothing where no layer follows or training felt the weights', () => {
    const clipped = trainedModel({ family: 'mobilenet', stem: 4, widths: [4], activation: 'relu6' }, [1, 6, 6]);
    const allowed = quantize.sites(clipped).map(({ name, allowed: values }) => [name, values?.['equalize']]);
    expect(allowed).toEqual([
      ...['stem', 'block1.depthwise', 'block1.pointwise'].map((name) => [name, [false]]),
      ['dense', undefined],
    ]);
    const bad = { recipe: {}, techniques: { quantize: { stem: { bits: 8, equalize: true } } } };
    expect(() => canonicalPlan(clipped, bad)).toThrow(/quantize at "stem": equalize true does not fit this layer: take false/);
    const key = (site: string, settings: SiteSettings) =>
      planKey(mobilenet, { recipe: {}, techniques: { quantize: { [site]: { bits: 8, ...settings } } } });
    expect(key('dense', { equalize: true })).toBe(key('dense', {}));
    expect(key('stem', { equalize: true, mode: 'qat' })).toBe(key('stem', { mode: 'qat' }));
    expect(key('stem', { equalize: true })).not.toBe(key('stem', {}));
  });

  it('leaves a neighbour alone that is trained as it is quantized', () => {
    const settings = { stem: { bits: 8, equalize: true }, 'block1.depthwise': { bits: 8, mode: 'qat' } };
    const plan = { recipe: {}, techniques: { quantize: settings } };
    expect(prepared(mobilenet, plan)).toEqual(foldBatchNorm(mobilenet));
  });
});
