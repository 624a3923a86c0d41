import '@tensorflow/tfjs-backend-cpu';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.ts';
import type { ExportSource } from '../../src/export/formats/format.ts';
import { tfjs } from '../../src/export/formats/tfjs.ts';
import { Builder } from '../../src/network/ir/builder.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import type { Shape } from '../../src/network/ir/graph.ts';
import { conv3, sketch } from '../fixtures/graphs.ts';
import { onnxLogits, shippedModels } from '../fixtures/shipped.ts';

/** What TensorFlow.js answers to inputs [N, C, H, W], from the files of the format. */
async function tfjsLogits(source: ExportSource, data: Float32Array): Promise<Float32Array> {
  const files = await tfjs.files(source);
  const { modelTopology, weightsManifest, ...artifacts } = JSON.parse(files['tfjs/model.json'] as string) as {
    modelTopology: object;
    weightsManifest: { weights: [] }[];
  };
  const bytes = files['tfjs/weights.bin'] as Uint8Array;
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const model = await loadGraphModel({
    load: async () => ({ ...artifacts, modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData }),
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

describe('TensorFlow.js', () => {
  it.each(Object.entries(shippedModels))('%s answers as onnxruntime does', async (_, make) => {
    const source = await make();
    const data = pictures(source);
    const [actual, expected] = [await tfjsLogits(source, data), await onnxLogits(source, data)];
    expect(actual).toHaveLength(expected.length);
    expected.forEach((value, i) => {
      expect(actual[i]).toBeCloseTo(value, 3);
    });
  });

  it('keeps 8-bit weights as bytes', async () => {
    const source = await shippedModels['a pruned ResNet in 8-bit integers']!();
    const files = await tfjs.files(source);
    expect((files['tfjs/weights.bin'] as Uint8Array).length).toBeLessThan(1.5 * source.model.length);
  });

  it('says what it is made of: signature, classes, preprocessing', async () => {
    const source = await shippedModels['a float ResNet']!();
    const { signature, userDefinedMetadata } = JSON.parse((await tfjs.files(source))['tfjs/model.json'] as string);
    expect(signature.inputs.x.tensorShape.dim.map(({ size }: { size: string }) => size)).toEqual(['-1', '10', '12', '1']);
    expect(signature.outputs.logits.name).toBe('logits:0');
    expect(userDefinedMetadata.classes).toEqual(source.classes);
  });

  it('refuses what it has no op for, naming the op and the layer', async () => {
    const { b, x } = sketch(4);
    const grouped = encode(b.build([conv3(b, x, 'middle', 8, 2)]));
    expect(() => tfjs.check!(grouped)).toThrow(/Conv at "middle" has 2 groups/);
    expect(() => tfjs.check!(grouped)).toThrow(expect.objectContaining({ code: 'TFJS_OP', exitCode: 2 }));
    const b2 = new Builder('erf');
    const y = b2.op('CumSum', [b2.input('x', { dtype: 'float32', shape: [1, 4] }), b2.ints([1], [])], {}, { name: 'sums' });
    expect(() => tfjs.check!(encode(b2.build([y])))).toThrow(/CumSum at "sums" has no counterpart/);
  });
});

const logits = { dtype: 'float32' as const };

/** Small graphs for the rules that no family of ours needs, compared likewise. */
const sketches: Readonly<Record<string, (b: Builder, x: string) => string>> = {
  'Concat, MaxPool with padding, Flatten of a picture': (b, x) => {
    const pooled = b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    return b.op('Flatten', [b.op('Concat', [pooled, b.op('Tanh', [pooled])], { axis: 1 })]);
  },
  'AveragePool, Reshape, constants per channel': (b, x) => {
    const scale = b.initializer('s', { ...logits, shape: [1, 3, 1, 1], data: Float32Array.of(1, -2, 3) });
    const shift = b.initializer('t', { ...logits, shape: [3, 1, 1], data: Float32Array.of(0.5, 1, -1) });
    const y = b.op('Sub', [b.op('Mul', [b.op('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] }), scale]), shift]);
    return b.op('Reshape', [y, b.ints([0, -1])]);
  },
  'ReduceMean, MatMul, Softmax': (b, x) => {
    const w = b.initializer('w', { ...logits, shape: [3, 2], data: Float32Array.of(1, 2, 3, -4, 5, 0.5) });
    return b.op('Softmax', [b.op('MatMul', [b.op('ReduceMean', [x], { axes: [2, 3], keepdims: 0 }), w])], { axis: -1 });
  },
  'Reshape to a picture again': (b, x) =>
    b.op('Flatten', [b.op('Relu', [b.op('Reshape', [b.op('Flatten', [x]), b.ints([0, 6, 4, 2])])])]),
};

describe('TensorFlow.js, single rules', () => {
  it.each(Object.entries(sketches))('%s', async (_, build) => {
    const b = new Builder('sketch');
    const shape: Shape = [1, 3, 4, 4];
    const y = build(b, b.input('x', { dtype: 'float32', shape }));
    const graph = b.build([b.multi('Identity', [y], 1, {}, { outputs: ['logits'] })[0]!]);
    const source = { ...(await template()), model: encode(graph, { symbolicBatch: 'N' }) };
    const sized = { ...source, input: { ...source.input, shape: [3, 4, 4] as const } };
    const data = pictures(sized);
    const [actual, expected] = [await tfjsLogits(sized, data), await onnxLogits(sized, data)];
    expect(actual).toHaveLength(expected.length);
    expected.forEach((value, i) => {
      expect(actual[i]).toBeCloseTo(value, 4);
    });
  });
});

/** Everything of a shipped model but its bytes. */
const template = () => shippedModels['a float ResNet']!();
