import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.ts';
import type { ExportSource } from '../../src/export/formats/format.ts';
import { tfjsLayers } from '../../src/export/formats/tfjs-layers.ts';
import { Builder } from '../../src/network/ir/builder.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import type { Shape } from '../../src/network/ir/graph.ts';
import { onnxLogits, shippedModels } from '../fixtures/shipped.ts';

/** What the layers answer to inputs [N, C, H, W], from the files of the format. */
async function layersLogits(source: ExportSource, data: Float32Array): Promise<Float32Array> {
  const files = await tfjsLayers.files(source);
  const { modelTopology, weightsManifest } = JSON.parse(files['tfjs-layers/model.json'] as string) as {
    modelTopology: object;
    weightsManifest: { weights: [] }[];
  };
  const bytes = files['tfjs-layers/weights.bin'] as Uint8Array;
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const model = await loadLayersModel({
    load: async () => ({ modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData }),
  });
  const [channels, height, width] = source.input.shape;
  const pictures = tf.tensor4d(data, [data.length / (channels * height * width), channels, height, width]);
  const logits = model.predict(tf.transpose(pictures, [0, 2, 3, 1])) as tf.Tensor;
  const result = (await logits.data()) as Float32Array;
  model.dispose();
  return result;
}

/** Two pictures of noise. */
function pictures({ input }: ExportSource): Float32Array {
  const rng = createRng('tfjs');
  return Float32Array.from({ length: 2 * input.shape.reduce((a, b) => a * b) }, () => rng.normal());
}

async function expectAgreement(source: ExportSource): Promise<void> {
  const data = pictures(source);
  const [actual, expected] = [await layersLogits(source, data), await onnxLogits(source, data)];
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 3);
  });
}

const template = () => shippedModels['a float ResNet']!();

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
  const sourceOf = async (build: (b: Builder, x: string) => string) => {
    const b = new Builder('sketch');
    const y = build(b, b.input('x', { dtype: 'float32', shape: [1, 3, 4, 4] }));
    const graph = b.build([b.multi('Identity', [y], 1, {}, { outputs: ['logits'] })[0]!]);
    const source = await template();
    const input = { ...source.input, shape: [3, 4, 4] as const };
    return { ...source, input, model: encode(graph, { symbolicBatch: 'N' }) };
  };

  it.each(Object.entries(sketches))('%s', async (_, build) => expectAgreement(await sourceOf(build)));

  it('refuses what has no layer', async () => {
    const { model } = await sourceOf((b, x) =>
      b.op('Flatten', [b.op('MaxPool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] })]),
    );
    expect(() => tfjsLayers.check!(model)).toThrow(/PadV2 at ".*" pads with the lowest number/);
  });
});
