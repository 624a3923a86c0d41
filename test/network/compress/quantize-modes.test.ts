import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { canonicalPlan, planKey } from '../../../src/network/compress/recipe.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { parameterCount } from '../../../src/network/ir/macs.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { finished, noPlan, relativeError, runOnnx } from '../../fixtures/compression.ts';
import { classify, conv3, fullyConnected, sketch, trainedResnet } from '../../fixtures/graphs.ts';

const resnet = trainedResnet({ depth: 8, widths: [16, 16, 32] }, [1, 10, 10], 2);
const layers = layersOf(resnet).map(({ name }) => name);

const quantize = (names: readonly string[], settings: SiteSettings): Plan => ({
  recipe: {},
  techniques: { quantize: Object.fromEntries(names.map((name) => [name, settings])) },
});
const everywhere = (settings: SiteSettings) => finished(resnet, quantize(layers, settings));
const errorOf = async (graph: Graph) => relativeError((await runOnnx(graph)).output, (await runOnnx(resnet)).output);
const times = (kernels: readonly string[], op: string) => kernels.filter((kernel) => kernel === op).length;

describe('weights alone', () => {
  const weights = layersOf(resnet).reduce((sum, { weight }) => sum + resnet.initializers[weight]!.data.length, 0);

  it.each([2, 3, 4, 8])('are really stored in %i bits, and computed in plain floats', async (bits) => {
    const graph = await everywhere({ bits, mode: 'weight-only' });
    const codes = Object.values(graph.initializers).filter(({ dtype }) => dtype === 'uint8' || dtype === 'int8');
    const stored = codes.filter(({ shape }) => shape.length > 1).reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(stored / ((weights * bits) / 8)).toBeCloseTo(1, 2);
    expect(parameterCount(graph)).toBe(parameterCount(foldBatchNorm(resnet)));
    // All that unpacks is gone once the file is loaded; what is left is the network's own kernels.
    const { kernels } = await runOnnx(graph);
    expect([...new Set(kernels)].sort()).toEqual([...new Set((await runOnnx(foldBatchNorm(resnet))).kernels)].sort());
  });

  it('lose less the more bits they have, and less with scales of smaller groups', async () => {
    const errors: number[] = [];
    for (const settings of [{ bits: 8 }, { bits: 4 }, { bits: 3 }])
      errors.push(await errorOf(await everywhere({ ...settings, mode: 'weight-only' })));
    expect(errors).toEqual(errors.toSorted((a, b) => a - b));
    expect(errors[0]).toBeLessThan(0.02);
    expect(errors[1]).toBeLessThan(0.25);
    const grouped = await errorOf(await everywhere({ bits: 4, mode: 'weight-only', group: 16 }));
    expect(grouped).toBeLessThan(errors[1]!);
  });

  it('make a file of about an eighth in 4 bits', async () => {
    const wide = trainedResnet({ blocks: [1, 1], widths: [64, 64] }, [1, 8, 8]);
    const names = layersOf(wide).map(({ name }) => name);
    const size = async (plan: Plan) => encode(await finished(wide, plan)).length;
    const ratio = (await size(noPlan)) / (await size(quantize(names, { bits: 4, mode: 'weight-only' })));
    expect(ratio).toBeGreaterThan(7);
  });
});

describe('few bits with integer activations', () => {
  it.each([2, 3, 4])('of %i bits run in the same integer kernels as 8', async (bits) => {
    const { kernels } = await runOnnx(await everywhere({ bits }));
    expect([times(kernels, 'QLinearConv'), times(kernels, 'QGemm'), times(kernels, 'Conv')]).toEqual([9, 1, 0]);
  });
});

describe('dynamic ranges', () => {
  it.each([4, 8])('run a dense layer of %i bits in one integer kernel', async (bits) => {
    const { output, kernels } = await runOnnx(await finished(resnet, quantize(['dense'], { bits, mode: 'dynamic' })));
    expect(times(kernels, 'DynamicQuantizeMatMul')).toBe(1);
    expect(relativeError(output, (await runOnnx(resnet)).output)).toBeLessThan(bits === 8 ? 0.02 : 0.2);
  });

  it('work for a dense layer without bias, and with weights the other way round', async () => {
    const { b, x, w } = sketch();
    const flat = b.op('Flatten', [conv3(b, x, 'a', 4)], { axis: 1 });
    const hidden = b.op('Gemm', [flat, w('w', 64, 5)], {}, { name: 'hidden' });
    const graph = b.build([fullyConnected(b, b.op('Relu', [hidden]), 'dense', 3)]);
    const { output, kernels } = await runOnnx(await finished(graph, quantize(['hidden', 'dense'], { bits: 8, mode: 'dynamic' })));
    expect(times(kernels, 'DynamicQuantizeMatMul')).toBe(2);
    expect(relativeError(output, (await runOnnx(graph)).output)).toBeLessThan(0.03);
  });

  it('are refused for a convolution, by its name', () => {
    expect(() => canonicalPlan(resnet, quantize(['stem'], { bits: 8, mode: 'dynamic' }))).toThrow(
      expect.objectContaining({
        code: 'COMPRESS_SETTING',
        message: 'quantize at "stem": mode "dynamic" does not fit this layer: take "static" or "qat" or "weight-only".',
      }),
    );
  });
});

describe('products of rows with a matrix', () => {
  /** [N, 4, 16] → rows of 12 → rows of 5, with a bias added to the first: tokens of an image, say. */
  function tokens(): Graph {
    const { b, x, w } = sketch(4);
    const rows = b.op('Reshape', [x, b.ints([1, 4, 16])]);
    const hidden = b.op('Relu', [b.op('Add', [b.op('MatMul', [rows, w('a', 16, 12)], {}, { name: 'mix' }), w('bias', 12)])]);
    const last = b.op('MatMul', [hidden, w('c', 12, 5)], {}, { name: 'out' });
    return b.build([b.op('ReduceMean', [last], { axes: [1], keepdims: 0 })]);
  }
  const graph = tokens();

  it.each([
    ['static', 'MatMulIntegerToFloat', 0.03],
    ['dynamic', 'DynamicQuantizeMatMul', 0.03],
    ['weight-only', 'MatMul', 0.02],
  ])('%s: run in %s', async (mode, kernel, most) => {
    const { output, kernels } = await runOnnx(await finished(graph, quantize(['mix', 'out'], { bits: 8, mode })));
    expect(times(kernels, kernel) + (mode === 'weight-only' ? times(kernels, 'Gemm') : 0)).toBe(2);
    expect(relativeError(output, (await runOnnx(graph)).output)).toBeLessThan(most);
  });

  it.each(['static', 'dynamic', 'weight-only'])('%s: in 4 bits, which are stored so', async (mode) => {
    const chosen = quantize(['mix', 'out'], { bits: 4, mode });
    const { output } = await runOnnx(await finished(graph, chosen));
    expect(relativeError(output, (await runOnnx(graph)).output)).toBeLessThan(0.3);
  });

  it('one behind the other without a bias between hand integers on', async () => {
    const { b, x, w } = sketch(4);
    const rows = b.op('Reshape', [x, b.ints([1, 4, 16])]);
    const first = b.op('MatMul', [rows, w('a', 16, 12)], {}, { name: 'first' });
    const pair = b.build([b.op('MatMul', [first, w('c', 12, 5)], {}, { name: 'second' })]);
    const { output, kernels } = await runOnnx(await finished(pair, quantize(['first', 'second'], { bits: 8 })));
    expect([times(kernels, 'QLinearMatMul'), times(kernels, 'MatMulIntegerToFloat')]).toEqual([1, 1]);
    expect(relativeError(output, (await runOnnx(pair)).output)).toBeLessThan(0.03);
  });
});

describe('bias correction', () => {
  it.each(['static', 'weight-only'])('brings the outputs of one layer back to their mean: %s', async (mode) => {
    const { b, x } = sketch(3);
    const graph = classify(b, conv3(b, x, 'a', 4));
    const shift = async (bias: string) => {
      const { output } = await runOnnx(await finished(graph, quantize(['dense'], { bits: 2, mode, bias })));
      return relativeError(output, (await runOnnx(graph)).output);
    };
    // Over the one image that it is calibrated on, the means are the inputs themselves.
    expect(await shift('corrected')).toBeLessThan(0.2 * (await shift('kept')));
  });
});

describe('modes together', () => {
  it('mix in one network', async () => {
    const plan: Plan = {
      recipe: {},
      techniques: {
        quantize: {
          stem: { bits: 8 },
          'stage1.block1.conv1': { bits: 4, mode: 'weight-only', group: 24 },
          'stage1.block1.conv2': { bits: 3 },
          dense: { bits: 8, mode: 'dynamic' },
        },
      },
    };
    const { output, kernels } = await runOnnx(await finished(resnet, plan));
    expect([times(kernels, 'QLinearConv'), times(kernels, 'DynamicQuantizeMatMul')]).toEqual([2, 1]);
    expect(relativeError(output, (await runOnnx(resnet)).output)).toBeLessThan(0.3);
  });

  it('keep floats in floats between integer layers, where onnxruntime would quantize them too', async () => {
    const chain = ['stage1.block1.conv1', 'stage1.block1.conv2', 'stage2.block1.conv1'];
    const others = layers.filter((name) => !chain.includes(name));
    const { kernels } = await runOnnx(await finished(resnet, quantize(others, { bits: 8 })));
    expect([times(kernels, 'Conv'), times(kernels, 'QLinearConv')]).toEqual([3, 6]);
  });

  it('have one key for what means the same', () => {
    const key = (settings: SiteSettings) => planKey(resnet, quantize(['stage1.block1.conv1'], { bits: 4, ...settings }));
    expect(key({ group: 32 })).toBe(key({}));
    expect(key({ mode: 'weight-only', group: 144 })).toBe(key({ mode: 'weight-only' }));
    expect(key({ mode: 'weight-only', group: 32, weights: 'per-tensor' })).toBe(key({ mode: 'weight-only', group: 32 }));
    expect(key({ mode: 'weight-only' })).not.toBe(key({}));
  });

  it('give names that the graph does not use', async () => {
    const { b, x } = sketch();
    const graph = classify(b, b.op('Relu', [conv3(b, b.op('Relu', [conv3(b, x, 'a', 4)], {}, { name: 'a/Mul' }), 'b', 4)]));
    const { output } = await runOnnx(await finished(graph, quantize(['a', 'b'], { bits: 4, mode: 'weight-only' })));
    expect(relativeError(output, (await runOnnx(graph)).output)).toBeLessThan(0.3);
  });
});
