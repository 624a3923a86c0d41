import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { describe, expect, it } from 'vitest';
import { tfjs } from '../../src/export/formats/tfjs.ts';
import { Builder, float } from '../../src/network/ir/builder.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { conv3, sketch } from '../fixtures/graphs.ts';
import { importedNetwork } from '../fixtures/networks.ts';
import { shippedModel, shippedModels } from '../fixtures/shipped.ts';
import { expectAnswers, sketchSource } from '../fixtures/tfjs-answers.ts';

describe('TensorFlow.js', () => {
  it.each(Object.entries(shippedModels))('%s answers as onnxruntime does', async (_, make) => {
    await expectAnswers(tfjs, loadGraphModel, await make());
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
  'HardSwish, HardSigmoid, LeakyRelu': (b, x) => {
    const share = b.op('HardSigmoid', [b.op('HardSwish', [x])], { alpha: float(0.3), beta: float(0.4) });
    return b.op('Flatten', [b.op('LeakyRelu', [b.op('Sub', [share, x])], { alpha: float(0.2) })]);
  },
  'Elu, Selu, Softplus, PRelu': (b, x) => {
    const slopes = b.floats([0.1, -0.5, 2], [3, 1, 1]);
    return b.op('Flatten', [b.op('PRelu', [b.op('Elu', [b.op('Sub', [b.op('Softplus', [x]), b.op('Selu', [x])])]), slopes])]);
  },
  'Conv that is strided and dilated, depthwise or not': (b, x) => {
    const window = { kernel_shape: [2, 2], dilations: [2, 1], strides: [1, 2], pads: [1, 0, 1, 0] };
    const kernel = (name: string, channels: number) =>
      b.initializer(name, {
        ...logits,
        shape: [3, channels, 2, 2],
        data: Float32Array.from({ length: 12 * channels }, (_, i) => ((7 * i) % 11) - 5),
      });
    const both = [b.op('Conv', [x, kernel('w', 3)], window), b.op('Conv', [x, kernel('d', 1)], { ...window, group: 3 })];
    return b.op('Flatten', [b.op('Concat', both, { axis: 1 })]);
  },
  'AveragePool with padding that counts, or does not; Squeeze': (b, x) => {
    const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    const counted = b.op('AveragePool', [x], { ...window, count_include_pad: 1 });
    const lopsided = { kernel_shape: [2, 2], pads: [1, 0, 0, 1] };
    const both = [0, 1].map((count) => b.op('AveragePool', [counted], { ...lopsided, count_include_pad: count }));
    const beyond = { ...window, strides: [2, 2], ceil_mode: 1 };
    const ends = [0, 1].map((count) => b.op('AveragePool', [b.op('Add', both)], { ...beyond, count_include_pad: count }));
    return b.op('Squeeze', [b.op('GlobalAveragePool', [b.op('Exp', [b.op('Sub', ends)])]), b.ints([2, 3])]);
  },
  'Reshape to a picture again': (b, x) =>
    b.op('Flatten', [b.op('Relu', [b.op('Reshape', [b.op('Flatten', [x]), b.ints([0, 6, 4, 2])])])]),
};

describe('TensorFlow.js, networks as PyTorch exports them', () => {
  it.each(['mobile-dynamo', 'mobile-opset11', 'dense-opset12', 'norms-opset17', 'norms-dynamo'])('%s', async (name) => {
    const graph = importedNetwork(name);
    const source = await shippedModel(graph, {});
    await expectAnswers(tfjs, loadGraphModel, { ...source, input: { ...source.input, name: graph.inputs[0]!.name } });
  });
});

describe('TensorFlow.js, single rules', () => {
  it.each(Object.entries(sketches))('%s', async (_, build) => {
    await expectAnswers(tfjs, loadGraphModel, await sketchSource(build), 4);
  });
});
