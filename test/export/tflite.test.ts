import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { tflite } from '../../src/export/formats/tflite.ts';
import { openLiteSession } from '../../src/network/engine/litert/session.ts';
import { Builder, float } from '../../src/network/ir/builder.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { conv3, sketch, trainedModel, trainedResnet } from '../fixtures/graphs.ts';
import { importedNetwork, recorded } from '../fixtures/networks.ts';
import { decidingModels, shippedModel, shippedModels } from '../fixtures/shipped.ts';
import { sketchSource } from '../fixtures/tfjs-answers.ts';
import { expectLiteAnswers, liteAndOnnx, liteBytes } from '../fixtures/tflite-answers.ts';

const floats = { dtype: 'float32' as const };

/** Pictures as they are. */
const pixels = { mean: [0], std: [1] };

const trained = () => trainedResnet({ blocks: [1, 1], widths: [8, 12] }, [1, 10, 12]);

/** 8-bit layers round half a code another way than onnxruntime's. */
const inIntegers = /8-bit integers|3-bit/;

describe('TensorFlow Lite', () => {
  it.each(Object.entries(shippedModels))('%s answers as onnxruntime does', async (name, make) => {
    await expectLiteAnswers(await make(), inIntegers.test(name) ? 0.1 : 1e-4);
  });

  it.each(Object.entries(decidingModels))('%s: each picture is decided for as onnxruntime does', async (name, make) => {
    await expectLiteAnswers(await make(), inIntegers.test(name) ? 0.1 : 1e-4);
  });

  it('exits for some pictures, and runs on for others', async () => {
    const [some, none] = await Promise.all(
      [0.7, 1].map(async (threshold) => liteAndOnnx(await shippedModel(trained(), { exit: { threshold } }))),
    );
    const classes = 5;
    const left = Array.from({ length: some!.lite.length / classes }, (_, i) => {
      const own = some!.lite.subarray(i * classes, (i + 1) * classes);
      return own.some((value, k) => Math.abs(value - none!.lite[i * classes + k]!) > 1e-3);
    });
    expect(new Set(left).size).toBe(2);
  });

  it('computes on 8-bit integers where onnxruntime does: most answers are the same to the last bits', async () => {
    const { lite, onnx } = await liteAndOnnx(await shippedModels['a pruned ResNet in 8-bit integers']!());
    const equal = onnx.filter((value, i) => Math.abs(value - lite[i]!) < 1e-5);
    expect(equal.length).toBeGreaterThan(onnx.length / 2);
  });

  it('stores 8-bit weights as a byte, narrower ones as half of one', async () => {
    const sizeAt = async (bits: number) => {
      const wide = trainedResnet({ blocks: [1], widths: [32] }, [1, 10, 12]);
      return (await liteBytes(await shippedModel(wide, { quantize: { bits, mode: 'weight-only' } }))).length;
    };
    const [whole, bytes, halves] = [await sizeAt(32), await sizeAt(8), await sizeAt(3)];
    // Tables and names take the same.
    const weights = (whole - bytes) / 3;
    expect(bytes).toBeLessThan(0.4 * whole);
    expect(bytes - halves).toBeGreaterThan(0.45 * weights);
  });

  it('stores of sparse weights only those that are not 0', async () => {
    const wide = trainedResnet({ blocks: [1], widths: [64] }, [1, 10, 12]);
    const settings = [{}, { sparsify: { sparsity: 0.9 } }, { sparsify: { sparsity: 0.9 }, quantize: { bits: 8 } }];
    const [whole, sparse, codes] = await Promise.all(settings.map((each) => shippedModel(wide, each)));
    const sizes = await Promise.all([whole!, sparse!, codes!].map(async (source) => (await liteBytes(source)).length));
    expect(sizes[1]).toBeLessThan(0.2 * sizes[0]!);
    expect(sizes[2]).toBeLessThan(0.6 * sizes[1]!);
    await expectLiteAnswers(sparse!);
    await expectLiteAnswers(codes!, 0.1);
  });

  it('says what it is', async () => {
    const bytes = await liteBytes(await shippedModels['a float ResNet']!());
    const text = Buffer.from(bytes).toString('latin1');
    expect(text.slice(4, 8)).toBe('TFL3');
    expect(text).toContain('trial 7 of odd */ <name>');
    expect(text).toMatch(/TFLITE_METADATA.*M001|M001.*TFLITE_METADATA/s);
    const labels = unzipSync(bytes.slice(text.indexOf('PK\u0003\u0004')))['labels.txt'];
    expect(Buffer.from(labels!).toString()).toBe('ant\nbee\ncat\ndog\nelk\n');
    expect(await liteBytes(await shippedModels['a float ResNet']!())).toEqual(bytes);
    const session = await openLiteSession(bytes, pixels);
    expect([session.inputs, session.outputs]).toEqual([['x'], ['logits']]);
    await session.release();
  });

  it('refuses what it has no op for, naming the op and the layer', () => {
    const { b, x } = sketch(4);
    const among = encode(b.build([b.op('Softmax', [conv3(b, x, 'middle', 8)], { axis: 1 }, { name: 'vote' })]));
    expect(() => tflite.check!(among)).toThrow(/Softmax at "vote" runs over another axis than the last/);
    expect(() => tflite.check!(among)).toThrow(expect.objectContaining({ code: 'TFLITE_OP', exitCode: 2 }));
    const b2 = new Builder('sums');
    const y = b2.op('CumSum', [b2.input('x', { dtype: 'float32', shape: [1, 4] }), b2.ints([1], [])], {}, { name: 'sums' });
    expect(() => tflite.check!(encode(b2.build([y])))).toThrow(/CumSum at "sums" has no counterpart/);
  });

  it('refuses an error function that is no GELU, and takes GELU however it is written', async () => {
    const raised = (b: Builder, x: string) => b.op('Add', [b.op('Erf', [b.op('Mul', [x, b.scalar(Math.SQRT1_2)])]), b.scalar(1)]);
    const other = await sketchSource((b, x) => b.op('Flatten', [b.op('Mul', [raised(b, x), x])]));
    expect(() => tflite.check!(other.model)).toThrow(/Erf at ".+" has no counterpart/);
    await expectLiteAnswers(
      await sketchSource((b, x) => b.op('Flatten', [b.op('Mul', [raised(b, x), b.op('Mul', [b.scalar(0.5), x])])])),
    );
  });

  it('what LiteRT cannot read is refused in its words', async () => {
    const bytes = await liteBytes(await shippedModels['a float ResNet']!());
    await expect(openLiteSession(bytes.slice(0, 100), pixels)).rejects.toThrow(
      expect.objectContaining({
        code: 'LITERT_MODEL',
        message: expect.stringMatching(/LiteRT refuses the model \(100 bytes\): ./),
      }),
    );
  });
});

/** Values as an exported file quantizes them: codes of 0 … 255 and back. */
function quantized(b: Builder, x: string, name: string, scale: number, zero: number): string {
  const s = b.initializer(`${name}/scale`, { ...floats, shape: [], data: Float32Array.of(scale) });
  const z = b.initializer(`${name}/zero`, { dtype: 'uint8', shape: [], data: Uint8Array.of(zero) });
  return b.op('DequantizeLinear', [b.op('QuantizeLinear', [x, s, z]), s, z]);
}

/** Small graphs for the rules that no family of ours needs, compared likewise; some within one code. */
const sketches: Readonly<Record<string, readonly [build: (b: Builder, x: string) => string, tolerance?: number]>> = {
  'Concat, MaxPool with padding, Flatten of a picture': [
    (b, x) => {
      const pooled = b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
      return b.op('Flatten', [b.op('Concat', [pooled, b.op('Tanh', [pooled])], { axis: 1 })]);
    },
  ],
  'AveragePool, Reshape, constants per channel': [
    (b, x) => {
      const scale = b.initializer('s', { ...floats, shape: [1, 3, 1, 1], data: Float32Array.of(1, -2, 3) });
      const shift = b.initializer('t', { ...floats, shape: [3, 1, 1], data: Float32Array.of(0.5, 1, -1) });
      const y = b.op('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
      return b.op('Reshape', [b.op('Sub', [b.op('Mul', [y, scale]), shift]), b.ints([0, -1])]);
    },
  ],
  'ReduceMean, MatMul, Softmax': [
    (b, x) => {
      const w = b.initializer('w', { ...floats, shape: [3, 2], data: Float32Array.of(1, 2, 3, -4, 5, 0.5) });
      return b.op('Softmax', [b.op('MatMul', [b.op('ReduceMean', [x], { axes: [2, 3], keepdims: 0 }), w])], { axis: -1 });
    },
  ],
  'Reshape to a picture again': [
    (b, x) => b.op('Flatten', [b.op('Relu', [b.op('Reshape', [b.op('Flatten', [x]), b.ints([0, 6, 4, 2])])])]),
  ],
  'groups of channels, HardSwish, HardSigmoid, LeakyRelu': [
    (b, x) => {
      const w = b.initializer('w', {
        ...floats,
        shape: [6, 1, 3, 3],
        data: Float32Array.from({ length: 54 }, (_, i) => ((i * 7) % 11) / 5 - 1),
      });
      const wide = b.op('Conv', [x, w], { kernel_shape: [3, 3], group: 3, pads: [1, 0, 1, 2] });
      const joined = b.op(
        'Concat',
        [b.op('HardSwish', [wide]), b.op('HardSigmoid', [wide], { alpha: float(0.3), beta: float(0.4) })],
        {
          axis: 1,
        },
      );
      return b.op('Flatten', [b.op('LeakyRelu', [joined], { alpha: float(0.2) })]);
    },
  ],
  'Elu, Selu, Softplus, PRelu': [
    (b, x) => {
      const slopes = b.floats([0.1, -0.5, 2], [3, 1, 1]);
      const sum = b.op('Sub', [b.op('Softplus', [x]), b.op('Elu', [b.op('Selu', [x])], { alpha: float(0.4) })]);
      return b.op('Flatten', [b.op('PRelu', [b.op('Elu', [sum]), slopes])]);
    },
  ],
  'AveragePool with padding that counts, MaxPool that rounds up': [
    (b, x) => {
      const mean = b.op('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 });
      const apart = b.op('AveragePool', [mean], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
      return b.op('Flatten', [b.op('MaxPool', [apart], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })]);
    },
  ],
  'AveragePool that is padded on one side more than on the other': [
    (b, x) => {
      const lopsided = { kernel_shape: [2, 2], pads: [1, 0, 0, 1] };
      const both = [0, 1].map((count) => b.op('AveragePool', [x], { ...lopsided, count_include_pad: count }));
      const window = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2], ceil_mode: 1 };
      const ends = [0, 1].map((count) => b.op('AveragePool', [b.op('Add', both)], { ...window, count_include_pad: count }));
      return b.op('Flatten', [b.op('Concat', ends, { axis: 1 })]);
    },
  ],
  'parts of pictures: Slice in steps and backwards, Split, Gather, Pad, Transpose': [
    (b, x) => {
      const back = b.op('Slice', [x, b.ints([-1, 3]), b.ints([-5, 0]), b.ints([1, 2]), b.ints([-1, -2])]);
      const [one, two] = b.multi('Split', [back, b.ints([1, 2])], 2, { axis: 1 }) as [string, string];
      const picked = b.op('Gather', [two, b.ints([1, -2, 0])], { axis: 3 });
      const padded = b.op('Pad', [b.op('Transpose', [picked], { perm: [0, 3, 1, 2] }), b.ints([0, 1, 0, 2, 0, 0, 1, 0])]);
      return b.op('Concat', [b.op('Flatten', [one]), b.op('Flatten', [padded])], { axis: 1 });
    },
  ],
  'sums and means over sides and channels, powers, values of other dimensions': [
    (b, x) => {
      const sum = b.op('ReduceSum', [b.op('Pow', [x, b.scalar(2)]), b.ints([2])], { keepdims: 0 });
      const mean = b.op('ReduceMean', [b.op('Pow', [x, b.scalar(3)])], { axes: [1], keepdims: 0 });
      const root = b.op('Pow', [b.op('Add', [b.op('Abs', [x]), b.scalar(2)]), b.scalar(1.5)]);
      const plane = b.op('Squeeze', [b.op('Slice', [root, b.ints([0]), b.ints([1]), b.ints([1])]), b.ints([1])]);
      const all = [
        sum,
        b.op('Mul', [x, b.op('Unsqueeze', [plane, b.ints([1])])]),
        b.op('Reciprocal', [b.op('Exp', [b.op('Tanh', [mean])])]),
      ];
      return b.op(
        'Concat',
        all.map((each) => b.op('Flatten', [each])),
        { axis: 1 },
      );
    },
  ],
  'bounds of all kinds': [
    (b, x) => {
      const clipped = b.op('Clip', [b.op('Clip', [x, b.scalar(-0.5), b.scalar(1.5)]), '', b.scalar(1)]);
      return b.op('Flatten', [b.op('Clip', [clipped, b.scalar(-0.25)])]);
    },
  ],
  'products of two pictures along their last axes, Softmax over these': [
    (b, x) => b.op('Flatten', [b.op('Softmax', [b.op('MatMul', [x, b.op('Sigmoid', [x])])], { axis: 3 })]),
  ],
  'codes: MaxPool with padding, Concat of two ranges, a mean, a reshape': [
    (b, x) => {
      const left = b.op('MaxPool', [quantized(b, x, 'left', 0.031, 120)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
      const both = b.op('Concat', [left, quantized(b, b.op('Relu', [x]), 'right', 0.0123, 0)], { axis: 1 });
      const mean = b.op('GlobalAveragePool', [quantized(b, both, 'both', 0.0217, 100)]);
      return b.op('Flatten', [quantized(b, mean, 'mean', 0.0109, 110)]);
    },
    0.011,
  ],
  'codes: bounds within their range': [
    (b, x) => {
      const cut = b.op('Clip', [quantized(b, x, 'in', 0.0213, 120), b.scalar(-0.4), b.scalar(0.7)]);
      return b.op('Flatten', [quantized(b, cut, 'out', 0.0187, 110)]);
    },
    0.019,
  ],
  'codes: a sum, a product, Relu that cuts within the range and one that does not': [
    (b, x) => {
      const [p, q] = [quantized(b, x, 'p', 0.02, 128), quantized(b, b.op('Abs', [x]), 'q', 0.015, 0)];
      const sum = quantized(b, b.op('Add', [p, q]), 'sum', 0.03, 90);
      const cut = quantized(b, b.op('Relu', [sum]), 'cut', 0.03, 30);
      const product = quantized(b, b.op('Mul', [cut, q]), 'product', 0.05, 10);
      return b.op('Flatten', [quantized(b, b.op('Relu', [product]), 'end', 0.05, 0)]);
    },
    0.16,
  ],
};

describe('TensorFlow Lite, networks as PyTorch exports them', () => {
  const files = Object.keys(recorded);
  it.each(files)('%s: in floats, in 8-bit integers, with 4-bit weights', async (name) => {
    const { lowest, settings } = { lowest: 1e-4, settings: [{}, { bits: 8 }, { bits: 4, mode: 'weight-only' }] };
    for (const each of settings) {
      const graph = importedNetwork(name);
      const source = await shippedModel(graph, Object.keys(each).length === 0 ? {} : { quantize: each });
      await expectLiteAnswers(
        { ...source, input: { ...source.input, name: graph.inputs[0]!.name } },
        each.bits === 8 ? 0.01 : lowest,
      );
    }
  });
});

describe('TensorFlow Lite, dense layers that find their ranges', () => {
  it.each([8, 4])('with weights of %i bits', async (bits) => {
    const layers = trainedModel({ family: 'mlp', widths: [32, 16] }, [1, 10, 12]);
    await expectLiteAnswers(await shippedModel(layers, { quantize: { bits, mode: 'dynamic' } }), 0.05);
  });
});

describe('TensorFlow Lite, single rules', () => {
  it.each(Object.entries(sketches))('%s', async (_, [build, tolerance]) => {
    await expectLiteAnswers(await sketchSource(build), tolerance);
  });

  it('a bias that has no room in the unit of its products is added to floats', async () => {
    const source = await sketchSource((b, x) => {
      const codes = b.initializer('w/codes', { dtype: 'int8', shape: [1, 3, 1, 1], data: Int8Array.of(4, 5, 6) });
      const scales = b.initializer('w/scales', { ...floats, shape: [1], data: Float32Array.of(1e-12) });
      const w = b.op('DequantizeLinear', [codes, scales], { axis: 0 });
      const bias = b.initializer('bias', { ...floats, shape: [1], data: Float32Array.of(0.5) });
      const y = b.op('Conv', [quantized(b, x, 'in', 0.021, 128), w, bias], { kernel_shape: [1, 1] });
      return b.op('Flatten', [quantized(b, y, 'out', 0.01, 100)]);
    });
    // onnxruntime itself has no room for it.
    expect([...new Set((await liteAndOnnx(source)).lite)]).toEqual([Math.fround(0.5)]);
  });
});
