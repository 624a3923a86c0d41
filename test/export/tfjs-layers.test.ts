import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import type { ExportSource } from '../../src/export/formats/format.ts';
import { tfjsLayers } from '../../src/export/formats/tfjs-layers.ts';
import type { Builder } from '../../src/network/ir/builder.ts';
import type { Shape } from '../../src/network/ir/graph.ts';
import { shippedModels } from '../fixtures/shipped.ts';
import { expectAnswers, sketchSource } from '../fixtures/tfjs-answers.ts';

const expectAgreement = (source: ExportSource) => expectAnswers(tfjsLayers, loadLayersModel, source);

describe('a LayersModel of TensorFlow.js', () => {
  it.each(Object.keys(shippedModels).filter((name) => !/8-bit|3-bit/.test(name)))(
    '%s answers as onnxruntime does',
    async (name) => expectAgreement(await shippedModels[name]!()),
  );

  it('refuses 8-bit activations, naming the op, and says what holds them', async () => {
    const { model } = await shippedModels['a MobileNet in 8-bit integers']!();
    expect(() => tfjsLayers.check!(model)).toThrow(expect.objectContaining({ code: 'TFJS_LAYER', exitCode: 2 }));
    expect(() => tfjsLayers.check!(model)).toThrow(/RealDiv at ".*scaled" has no layer in Keras. Take --format tfjs/);
  });
});

const floats = (shape: Shape, ...values: number[]) => ({ dtype: 'float32' as const, shape, data: Float32Array.from(values) });

/** Small graphs for the rules that no family of ours needs. */
const sketches: Readonly<Record<string, (b: Builder, x: string) => string>> = {
  'Concat, MaxPool with padding after Relu, Flatten of a picture': (b, x) => {
    const pooled = b.op('MaxPool', [b.op('Relu', [x])], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    return b.op('Flatten', [b.op('Concat', [pooled, b.op('Tanh', [pooled])], { axis: 1 })]);
  },
  'AveragePool, Reshape, constants per channel': (b, x) => {
    const scaled = b.op('Mul', [
      b.op('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] }),
      b.initializer('s', floats([1, 3, 1, 1], 1, -2, 3)),
    ]);
    return b.op('Reshape', [b.op('Add', [scaled, b.initializer('t', floats([3, 1, 1], 0.5, 1, -1))]), b.ints([0, -1])]);
  },
  'ReduceMean, MatMul, Softmax': (b, x) => {
    const w = b.initializer('w', floats([3, 2], 1, 2, 3, -4, 5, 0.5));
    return b.op('Softmax', [b.op('MatMul', [b.op('ReduceMean', [x], { axes: [2, 3], keepdims: 0 }), w])], { axis: -1 });
  },
  'squeeze and excitation: a convolution over the mean of the picture': (b, x) => {
    const w = b.initializer('w', floats([3, 3, 1, 1], 1, -1, 0.5, 2, 0.1, -0.3, 0.7, 1, -2));
    const gate = b.op('Sigmoid', [b.op('Conv', [b.op('GlobalAveragePool', [x]), w], { kernel_shape: [1, 1] })]);
    return b.op('Flatten', [b.op('Mul', [x, gate])]);
  },
  'a depthwise Conv, dilated': (b, x) => {
    const w = b.initializer('w', floats([3, 1, 2, 2], ...Array.from({ length: 12 }, (_, i) => i - 5.5)));
    return b.op('Flatten', [b.op('Conv', [x, w], { kernel_shape: [2, 2], dilations: [2, 3], group: 3, pads: [1, 1, 1, 1] })]);
  },
  'values joined, a hard swish': (b, x) => {
    const bounds = [b.initializer('low', floats([], 0)), b.initializer('high', floats([], 6))];
    const half = b.op('Mul', [
      x,
      b.op('Clip', [b.op('Add', [x, b.initializer('three', floats([1, 3, 1, 1], 3, 3, 3))]), ...bounds]),
    ]);
    return b.op('Flatten', [b.op('Max', [half, b.op('Sigmoid', [x])])]);
  },
};

describe('a LayersModel, single rules', () => {
  it.each(Object.entries(sketches))('%s', async (_, build) => expectAgreement(await sketchSource(build)));

  it('refuses what has no layer', async () => {
    const { model } = await sketchSource((b, x) =>
      b.op('Flatten', [b.op('MaxPool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] })]),
    );
    expect(() => tfjsLayers.check!(model)).toThrow(/PadV2 at ".*" pads with the lowest number/);
  });
});
