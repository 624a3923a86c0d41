import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { uniformPlan } from '../../../src/network/compress/anchors.ts';
import { finalize, rewrite, statisticsNeeded } from '../../../src/network/compress/recipe.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { finished, noPlan, relativeError, runOnnx } from '../../fixtures/compression.ts';
import { classify, conv3, fullyConnected, images, sketch, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { sketches } from '../../fixtures/sketches.ts';

const int8 = (layers: readonly string[], weights = 'per-channel'): Plan => ({
  recipe: {},
  techniques: { quantize: Object.fromEntries(layers.map((layer) => [layer, { bits: 8, weights }])) },
});
const count = (graph: Graph, op: string) => graph.nodes.filter((node) => node.op === op).length;
/** Kernels that onnxruntime runs in floats although they belong to layers. */
const floatKernels = (kernels: readonly string[]) => kernels.filter((op) => /^(Conv|Gemm|Add|GlobalAveragePool|Relu)$/.test(op));

/** The QDQ file computed as it is written, in float64, and by onnxruntime's integer kernels. */
async function bothWays(graph: Graph) {
  const exact = interpret(graph, { x: Float64Array.from(images(graph, 'run')) })[graph.outputs[0]!]!.data;
  return { exact, ...(await runOnnx(graph)) };
}

describe('INT8 everywhere in a ResNet', () => {
  const resnet = trainedResnet({ depth: 8, widths: [8, 16, 16] }, [1, 10, 10], 4);

  it.each(['per-channel', 'per-tensor'])('runs in integer kernels alone, close to float: %s', async (weights) => {
    const quantized = await finished(resnet, uniformPlan(resnet, { quantize: { bits: 8, weights } }));
    const { output, kernels } = await runOnnx(quantized);
    expect(floatKernels(kernels)).toEqual([]);
    const times = (name: string) => kernels.filter((op) => op === name).length;
    const kinds = ['QuantizeLinear', 'QLinearConv', 'QLinearAdd', 'QLinearGlobalAveragePool', 'QGemm'];
    expect(kinds.map(times)).toEqual([1, 9, 3, 1, 1]);
    expect(relativeError(output, (await runOnnx(resnet)).output)).toBeLessThan(0.1);
  });

  it('needs no Relu, quantizes every value once, and stores a quarter of the weights', async () => {
    const quantized = await finished(resnet, uniformPlan(resnet, { quantize: { bits: 8 } }));
    expect(count(quantized, 'Relu')).toBe(0);
    // x, nine convolutions, three sums, the pooled features.
    expect(count(quantized, 'QuantizeLinear')).toBe(14);
    const weights = Object.values(quantized.initializers).filter(({ dtype }) => dtype === 'int8');
    const stored = layersOf(resnet).reduce((sum, { weight }) => sum + resnet.initializers[weight]!.data.length, 0);
    // The zero points of the dense layer are int8 too.
    expect(weights.reduce((sum, { data }) => sum + data.length, 0)).toBe(stored + 5);
  });

  it('works on top of pruning', async () => {
    const plan = uniformPlan(resnet, { prune: { keep: 0.5 }, quantize: { bits: 8 } });
    const pruned = rewrite(resnet, plan);
    const { output, kernels } = await runOnnx(await finished(pruned, plan));
    expect(floatKernels(kernels)).toEqual([]);
    expect(relativeError(output, (await runOnnx(pruned)).output)).toBeLessThan(0.1);
  });
});

describe('INT8 in some layers', () => {
  const resnet = trainedResnet({ blocks: [1, 1], widths: [4, 6] }, [1, 6, 6]);

  it('converts around one layer only', async () => {
    const quantized = await finished(resnet, int8(['stage1.block1.conv2']));
    const { kernels } = await runOnnx(quantized);
    expect(kernels.filter((op) => op === 'QLinearConv')).toHaveLength(1);
    expect([count(quantized, 'QuantizeLinear'), count(quantized, 'Relu')]).toEqual([2, 4]);
    expect(floatKernels(kernels).filter((op) => op === 'Gemm')).toHaveLength(1);
  });

  it('reads the float form where there is one', () => {
    // The stem's output is quantized for conv1 alone; the residual sum next to it stays float.
    const plan = int8(['stage1.block1.conv1']);
    const ranges = Object.fromEntries(statisticsNeeded(resnet, plan).map(({ value }) => [value, { min: 0, max: 1 }]));
    const quantized = finalize(resnet, plan, ranges);
    const add = quantized.nodes.find(({ op }) => op === 'Add')!;
    const producer = (value: string) => quantized.nodes.find(({ outputs }) => outputs.includes(value))!.op;
    expect(add.inputs.map(producer).sort()).toEqual(['Conv', 'Relu']);
  });

  it('adds in integers where all summands are', async () => {
    const { kernels } = await runOnnx(await finished(resnet, int8(['stem', 'stage1.block1.conv2'])));
    expect(kernels.filter((op) => op === 'QLinearAdd')).toHaveLength(1);
    const halves = await runOnnx(await finished(resnet, int8(['stage1.block1.conv2', 'dense'])));
    expect(halves.kernels).not.toContain('QLinearAdd');
    expect(halves.kernels).toContain('QGemm');
  });

  it('computes what the file says, for any choice of layers in any graph', async () => {
    const graphs = [resnet, ...Object.values(sketches).map(({ build }) => build())];
    const cases = fc
      .constantFrom(...graphs)
      .chain((graph) =>
        fc.tuple(
          fc.constant(graph),
          fc.subarray(quantizable(graph), { minLength: 1 }),
          fc.constantFrom('per-channel', 'per-tensor'),
        ),
      );
    const property = fc.asyncProperty(cases, async ([graph, layers, weights]) => {
      const quantized = await finished(graph, int8(layers, weights));
      verify(quantized);
      const { exact, output } = await bothWays(quantized);
      // A sum on the edge between two integers may be rounded either way: some steps of 1/255 of a range.
      expect(relativeError(output, exact)).toBeLessThan(0.03);
      const float = interpret(foldBatchNorm(graph), { x: Float64Array.from(images(graph, 'run')) })[graph.outputs[0]!]!.data;
      expect(relativeError(exact, float)).toBeLessThan(0.25);
    });
    await fc.assert(property, { numRuns: 30, seed: 5 });
  });
});

const quantizable = (graph: Graph) => Object.keys(uniformPlan(graph, { quantize: { bits: 8 } }).techniques['quantize'] ?? {});

describe('the edges of INT8', () => {
  it('does not saturate where all products are as large as they get', async () => {
    const { b, x } = sketch(8);
    const graph = fill(classify(b, conv3(b, x, 'a', 16)), 1);
    // Half of the inputs lie beyond 0.1 and become 255; 9 · 8 products of 0.1 · 1 and a bias of 1 make 8.2 at most.
    const sums = { min: 0, max: 8.2 };
    const quantized = finalize(graph, int8(['a']), { x: { min: 0, max: 0.1 }, a: sums, GlobalAveragePool: sums });
    const { exact, output, kernels } = await bothWays(quantized);
    expect(kernels).toContain('QLinearConv');
    expect(relativeError(output, exact)).toBeLessThan(0.005);
  });

  it('keeps biases in range where a channel has next to no weights', async () => {
    const { b, x } = sketch();
    const graph = classify(b, conv3(b, x, 'a', 4));
    const weight = graph.initializers['a.weight']!;
    const data = (weight.data as Float32Array).map((value, i) => (i < 27 ? 0 : i < 54 ? value * 1e-20 : value));
    const faint = { ...graph, initializers: { ...graph.initializers, 'a.weight': { ...weight, data } } };
    for (const weights of ['per-channel', 'per-tensor']) {
      const { output } = await runOnnx(await finished(faint, int8(['a'], weights)));
      expect(relativeError(output, (await runOnnx(faint)).output)).toBeLessThan(0.05);
    }
  });

  it('gives a graph whose output is a quantized layer its output name back', async () => {
    const { b, x } = sketch();
    const graph = b.build([conv3(b, conv3(b, x, 'a', 4), 'b', 4)]);
    const quantized = await finished(graph, int8(['a', 'b']));
    verify(quantized);
    expect(quantized.outputs).toEqual(graph.outputs);
    const { output, kernels } = await runOnnx(quantized);
    expect(floatKernels(kernels)).toEqual([]);
    expect(relativeError(output, (await runOnnx(graph)).output)).toBeLessThan(0.05);
  });

  it('clips two dense layers with a Relu between them into one another', async () => {
    const { b, x } = sketch();
    const hidden = b.op('Relu', [fullyConnected(b, b.op('Flatten', [x], { axis: 1 }), 'hidden', 8)]);
    const graph = b.build([fullyConnected(b, hidden, 'dense', 3)]);
    const quantized = await finished(graph, int8(['hidden', 'dense']));
    expect(count(quantized, 'Relu')).toBe(0);
    const { output, kernels } = await runOnnx(quantized);
    expect(kernels.filter((op) => op === 'QGemm')).toHaveLength(2);
    expect(relativeError(output, (await runOnnx(graph)).output)).toBeLessThan(0.05);
  });

  it('survives a mean that is next to nothing beside its input', async () => {
    const { b, x } = sketch();
    const graph = fill(classify(b, b.op('Relu', [conv3(b, x, 'a', 4)])), -1, ['a.weight', 'a.bias']);
    const ranges = { x: { min: 0, max: 1 }, Relu: { min: 0, max: 1 }, GlobalAveragePool: { min: 0, max: 1e-9 } };
    const quantized = finalize(graph, int8(['a']), ranges);
    const { kernels, output } = await runOnnx(quantized);
    expect(kernels).toContain('QLinearGlobalAveragePool');
    expect(output.every(Number.isFinite)).toBe(true);
  });

  it('survives values that never leave 0', async () => {
    const { b, x } = sketch();
    const graph = fill(classify(b, b.op('Relu', [conv3(b, x, 'a', 4)])), -1, ['a.weight', 'a.bias']);
    const zero = { min: 0, max: 0 };
    const ranges = { x: { min: 0, max: 1 }, Relu: zero, GlobalAveragePool: zero };
    const quantized = finalize(graph, int8(['a']), ranges);
    expect((await runOnnx(quantized)).output.every(Number.isFinite)).toBe(true);
  });

  it.each([{}, { x: { min: 0, max: Number.NaN } }, { x: { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY } }])(
    'says what is missing of the statistics: %j',
    (ranges) => {
      const graph = sketches['chain']!.build();
      expect(() => finalize(graph, int8(['a']), ranges)).toThrow(expect.objectContaining({ code: 'COMPRESS_STATISTICS' }));
    },
  );

  it('needs nothing where nothing is quantized', () => {
    expect(statisticsNeeded(sketches['chain']!.build(), noPlan)).toEqual([]);
  });
});

/** Every weight, or those named, at one value. */
function fill(graph: Graph, value: number, names = Object.keys(graph.initializers)): Graph {
  const filled = Object.entries(graph.initializers).map(([name, tensor]) =>
    names.includes(name) ? [name, { ...tensor, data: new Float32Array(tensor.data.length).fill(value) }] : [name, tensor],
  );
  return { ...graph, initializers: Object.fromEntries(filled) };
}
