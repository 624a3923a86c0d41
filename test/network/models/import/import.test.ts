import { describe, expect, it } from 'vitest';
import { type SessionOptions, withSession } from '../../../../src/network/engine/session.ts';
import { Builder } from '../../../../src/network/ir/builder.ts';
import { encode } from '../../../../src/network/ir/bytes/encode.ts';
import { float, type Graph } from '../../../../src/network/ir/graph.ts';
import { layersOf } from '../../../../src/network/ir/layers.ts';
import { print } from '../../../../src/network/ir/print.ts';
import { verify } from '../../../../src/network/ir/verify.ts';
import { importNetwork } from '../../../../src/network/models/import/import.ts';
import { classify, conv3, fullyConnected, norm, sketch } from '../../../fixtures/graphs.ts';
import { importedNetwork, networkBytes, recorded } from '../../../fixtures/networks.ts';

type Recorded = (typeof recorded)[string];

const run = (bytes: Uint8Array, { shape, images }: Recorded, options: SessionOptions = {}): Promise<Float32Array> =>
  withSession(bytes, options, async (session) => {
    const results = await session.run({ [session.inputs[0]!]: { dtype: 'float32', shape, data: images } });
    return results[session.outputs[0]!]!.data as Float32Array;
  });

/** Row by row: what is left of scores, of their softmax and of its logarithm when they are made alike. */
function logProbabilities(rows: Float32Array, classes: number): number[] {
  const isSoftmax = rows.every((value) => value >= 0) && Math.abs(rows.slice(0, classes).reduce((a, b) => a + b) - 1) < 1e-5;
  return Array.from({ length: rows.length / classes }, (_, i) => {
    const row = Array.from(rows.subarray(i * classes, (i + 1) * classes), (value) => (isSoftmax ? Math.log(value) : value));
    const sum = Math.log(row.reduce((total, value) => total + Math.exp(value), 0));
    return row.map((value) => value - sum);
  }).flat();
}

const distance = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe.each(Object.entries(recorded))('a network of PyTorch: %s', (name, made) => {
  it('gives the answers that PyTorch gave, and its own file on onnxruntime', async () => {
    const graph = importedNetwork(name);
    const wanted = logProbabilities(made.outputs, made.classes);
    const imported = await run(encode(graph, { symbolicBatch: 'N' }), made);
    expect(distance(logProbabilities(imported, made.classes), wanted)).toBeLessThan(2e-5);
    const original = await run(networkBytes(name), made);
    expect(distance(logProbabilities(original, made.classes), wanted)).toBeLessThan(2e-5);
  });

  it('is in training form: x [1, C, H, W], logits, no node that does nothing', () => {
    const graph = importedNetwork(name);
    verify(graph);
    expect(graph.inputs).toEqual([{ name: 'x', type: { dtype: 'float32', shape: [1, ...made.shape.slice(1)] } }]);
    expect(graph.outputs).toEqual(['logits']);
    expect(graph.types['logits']!.shape).toEqual([1, made.classes]);
    const idle = /^(?:trans|convn|vision|swin|norms)/.test(name)
      ? /Identity|Dropout|Shape$|Constant/
      : /Identity|Dropout|Reshape|Softmax|Shape|MatMul|Constant/;
    expect(graph.nodes.filter(({ op }) => idle.test(op))).toEqual([]);
    expect(print(importedNetwork(name))).toBe(print(graph));
  });
});

const layerNames = (graph: Graph) => layersOf(graph).map(({ name }) => name);

describe('layers are called', () => {
  const blocks = ['layer2.0.conv1', 'layer2.0.conv2', 'layer2.0.downsample.0', 'layer2.1.conv1', 'layer2.1.conv2'];
  const residual = ['conv1', 'layer1.0.conv1', 'layer1.0.conv2', ...blocks, 'fc'];

  it.each(['residual-folded', 'residual-as-is', 'residual-dynamo'])('after their modules, whoever wrote the file: %s', (name) => {
    expect(layerNames(importedNetwork(name))).toEqual(residual);
  });

  it('after their module where weights have no name', () => {
    const names = ['stem.0', 'depthwise.0', 'excite.reduce', 'excite.expand', 'pointwise.0', 'head'];
    expect(layerNames(importedNetwork('mobile-opset11'))).toEqual(names);
    expect(layerNames(importedNetwork('mobile-dynamo'))).toEqual(names);
  });

  it('by kind and number where nothing is said', () => {
    const { b, x, w } = sketch();
    const a = b.op('Conv', [x, w('123', 4, 3, 3, 3)], { kernel_shape: [3, 3] }, { name: 'Conv_0' });
    const c = b.op('Conv', [a, w('124', 4, 4, 1, 1)], { kernel_shape: [1, 1] }, { name: '7' });
    const flat = b.op('Flatten', [b.op('GlobalAveragePool', [c])], {}, { name: 'f' });
    const graph = b.build([b.op('Gemm', [flat, w('125', 3, 4)], { transB: 1 }, { name: 'Gemm_9' })]);
    expect(layerNames(importNetwork(encode(graph)))).toEqual(['conv1', 'conv2', 'dense1']);
  });

  it('and BatchNormalization after its layer', () => {
    const { initializers } = importedNetwork('residual-as-is');
    expect(Object.keys(initializers).filter((name) => name.startsWith('layer1.0.conv1'))).toEqual([
      'layer1.0.conv1.weight',
      ...['scale', 'bias', 'mean', 'var'].map((part) => `layer1.0.conv1.bn.${part}`),
    ]);
  });
});

/** What a network of other ways to say things becomes. */
const simplified: Record<string, { build: () => Graph; ops: string[] }> = {
  'a product and a sum': {
    build: () => {
      const { b, x, w } = sketch();
      const features = b.op('Flatten', [b.op('GlobalAveragePool', [conv3(b, x, 'a', 4)])], { axis: 1 });
      const product = b.op('MatMul', [features, w('m', 4, 3)]);
      return b.build([b.op('Add', [w('bias', 3), product])]);
    },
    ops: ['Conv', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'Gemm with factors, not transposed': {
    build: () => {
      const { b, x, w } = sketch();
      const features = b.op('Flatten', [x], { axis: 1 });
      const attributes = { alpha: float(0.5), beta: float(2) };
      return b.build([b.op('Gemm', [features, w('m', 48, 3), w('c', 1, 3)], attributes)]);
    },
    ops: ['Flatten', 'Gemm'],
  },
  'padding by a node of its own': {
    build: () => {
      const { b, x, w } = sketch();
      const padded = b.op('Pad', [x, b.ints([0, 0, 0, 1, 0, 0, 1, 0])]);
      return classify(b, b.op('Conv', [padded, w('w', 4, 3, 2, 2)], { kernel_shape: [2, 2], strides: [2, 2] }));
    },
    ops: ['Conv', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'zeros around what may be negative, and the largest of them': {
    build: () => {
      const { b, x, w } = sketch();
      const padded = b.op('Pad', [b.op('Add', [x, b.scalar(-9)]), b.ints([0, 0, 1, 1, 0, 0, 1, 1])]);
      const pooled = b.op('MaxPool', [padded], { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 0, 0] });
      return classify(b, b.op('Conv', [pooled, w('w', 4, 3, 1, 1)], { kernel_shape: [1, 1] }));
    },
    ops: ['Add', 'Pad', 'MaxPool', 'Conv', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'zeros as wide as the window behind them': {
    build: () => {
      const { b, x } = sketch();
      const positive = b.op('Relu', [conv3(b, x, 'a', 4)]);
      const windows = { kernel_shape: [2, 2], strides: [2, 2] };
      const largest = b.op('MaxPool', [b.op('Pad', [positive, b.ints([0, 0, 2, 1, 0, 0, 0, 1])])], windows);
      const mean = b.op('AveragePool', [b.op('Pad', [largest, b.ints([0, 0, 1, 0, 0, 0, 2, 2])])], windows);
      return classify(b, b.op('Sigmoid', [mean]));
    },
    ops: ['Conv', 'Relu', 'Pad', 'MaxPool', 'Pad', 'AveragePool', 'Sigmoid', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'a window over the whole image, and a mean': {
    build: () => {
      const { b, x } = sketch();
      const whole = b.op('AveragePool', [conv3(b, x, 'a', 4)], { kernel_shape: [4, 4] });
      const scaled = b.op('Mul', [conv3(b, x, 'c', 4), whole]);
      const features = b.op('ReduceMean', [scaled], { axes: [-1, -2], keepdims: 0 });
      return b.build([fullyConnected(b, features, 'dense', 3)]);
    },
    ops: ['Conv', 'GlobalAveragePool', 'Conv', 'Mul', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'the largest values of the image, and windows that reach beyond it': {
    build: () => {
      const { b, x } = sketch();
      const windows = { kernel_shape: [3, 3], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 };
      const pooled = b.op('MaxPool', [conv3(b, x, 'a', 4)], windows);
      const largest = b.op('ReduceMax', [conv3(b, pooled, 'c', 4)], { axes: [2, 3], keepdims: 0 });
      return b.build([fullyConnected(b, largest, 'dense', 3)]);
    },
    ops: ['Conv', 'MaxPool', 'Conv', 'MaxPool', 'Flatten', 'Gemm'],
  },
  'windows over lines': {
    build: () => {
      const { b, x, w } = sketch();
      const rows = b.op('Reshape', [conv3(b, x, 'a', 4), b.ints([0, 4, 16])]);
      const window = { kernel_shape: [3], strides: [2], pads: [2, 1] };
      const lines = b.op('Conv', [rows, w('lines.weight', 6, 2, 3), w('lines.bias', 6)], { ...window, group: 2 });
      const pools = [
        b.op('MaxPool', [lines], { ...window, ceil_mode: 1 }),
        b.op('AveragePool', [lines], { ...window, ceil_mode: 1, count_include_pad: 1 }),
      ];
      const features = b.op('ReduceMean', [b.op('Sub', pools)], { axes: [-1], keepdims: 0 });
      return b.build([fullyConnected(b, features, 'dense', 3)]);
    },
    ops: 'Conv Reshape Unsqueeze Conv Squeeze Unsqueeze MaxPool Squeeze Unsqueeze AveragePool Squeeze Sub GlobalAveragePool Flatten Gemm'.split(
      ' ',
    ),
  },
  'a Softplus that gives way to what it reads': {
    build: () => {
      const { b, x } = sketch();
      const y = b.op('Mul', [conv3(b, x, 'a', 4), b.scalar(12)]);
      return classify(b, b.op('Where', [b.op('Greater', [y, b.scalar(17)]), y, b.op('Softplus', [y])]));
    },
    ops: ['Conv', 'Mul', 'Softplus', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'a part that is the whole, and all numbers picked in their order': {
    build: () => {
      const { b, x } = sketch();
      const whole = b.op('Slice', [conv3(b, x, 'a', 4), b.ints([0]), b.ints([9]), b.ints([1])]);
      const flat = b.op('Reshape', [b.op('GlobalAveragePool', [whole]), b.ints([-1])]);
      const places = b.ints([0, 1, 2, 3], [1, 4, 1, 1]);
      return b.build([fullyConnected(b, b.op('Flatten', [b.op('Gather', [flat, places])]), 'dense', 3)]);
    },
    ops: ['Conv', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'limits that are a ReLU, and ends that decide nothing': {
    build: () => {
      const { b, x } = sketch();
      const cut = b.op('Clip', [conv3(b, x, 'a', 4), b.scalar(0)]);
      const graph = classify(b, b.op('Identity', [cut]));
      const twice = b.op('LogSoftmax', [b.op('Softmax', [graph.outputs[0]!], { axis: 1 })], { axis: 1 });
      return b.build([twice]);
    },
    ops: ['Conv', 'Relu', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
  'padding that follows from the size': {
    build: () => {
      const { b, x, w } = sketch();
      const y = b.op('Conv', [x, w('w', 4, 3, 3, 3)], { auto_pad: 'SAME_UPPER', strides: [2, 2] });
      return classify(b, norm(b, y, 'n'));
    },
    ops: ['Conv', 'BatchNormalization', 'GlobalAveragePool', 'Flatten', 'Gemm'],
  },
};

describe('written in other ways', () => {
  it.each(Object.entries(simplified))('%s: the same answers from our own ops', async (_, { build, ops }) => {
    const graph = build();
    const imported = importNetwork(encode(graph));
    expect(imported.nodes.map(({ op }) => op)).toEqual(ops);
    const input = {
      shape: [1, 3, 4, 4],
      classes: 1,
      outputs: new Float32Array(),
      images: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
    };
    const classes = graph.types[graph.outputs[0]!]!.shape[1]!;
    // Theirs node by node, as ONNX defines them: what onnxruntime fuses may answer otherwise.
    const [mine, theirs] = await Promise.all([run(encode(imported), input), run(encode(graph), input, { asWritten: true })]);
    const alike = [mine, theirs].map((rows) => logProbabilities(rows, classes)) as [number[], number[]];
    // Of the softmax of a softmax only the order is left.
    if (print(graph).includes('Softmax')) expect(mine.indexOf(Math.max(...mine))).toBe(theirs.indexOf(Math.max(...theirs)));
    else expect(distance(...alike)).toBeLessThan(1e-5);
  });
});

describe('a vector that several layers read', () => {
  /** How many slopes two activations have that read the same ones in the file. */
  const slopes = (values: readonly number[]) => {
    const { b, x, w } = sketch();
    const slope = b.floats(values, [4, 1, 1]);
    const first = b.op('PRelu', [b.op('Conv', [x, w('w1', 4, 3, 1, 1)]), slope]);
    const graph = classify(b, b.op('PRelu', [b.op('Conv', [first, w('w2', 4, 4, 1, 1)]), slope]));
    const read = importNetwork(encode(graph)).nodes.filter(({ op }) => op === 'PRelu');
    return new Set(read.map(({ inputs }) => inputs[1])).size;
  };

  it('is one for each where it is fresh, since exporters keep equal constants once', () =>
    expect(slopes([0.25, 0.25, 0.25, 0.25])).toBe(2));

  it('stays one where it has values of its own', () => expect(slopes([0.25, 0.5, 0.25, 0.25])).toBe(1));
});

const refused: Record<string, [code: string, message: RegExp, build: () => Graph]> = {
  'two inputs': [
    'IMPORT_INPUT',
    /takes "x".*"y" float32\[1,3,4,4\]/,
    () => {
      const { b, x } = sketch();
      return classify(b, b.op('Add', [x, b.input('y', { dtype: 'float32', shape: [1, 3, 4, 4] })]));
    },
  ],
  'rows for images': [
    'IMPORT_INPUT',
    /float32\[1,8\]/,
    () => {
      const b = new Builder('rows');
      return b.build([fullyConnected(b, b.input('x', { dtype: 'float32', shape: [1, 8] }), 'dense', 3)]);
    },
  ],
  'channels last': [
    'IMPORT_INPUT',
    /channels first.*"x" float32\[1,8,8,3\], channels last/,
    () => {
      const b = new Builder('last');
      const x = b.op('Transpose', [b.input('x', { dtype: 'float32', shape: [1, 8, 8, 3] })], { perm: [0, 3, 1, 2] });
      return classify(b, conv3(b, x, 'a', 4));
    },
  ],
  'images for scores': [
    'IMPORT_OUTPUT',
    /float32 \[N, classes\]; it is float32\[1,4,4,4\]/,
    () => {
      const { b, x } = sketch();
      return b.build([conv3(b, x, 'a', 4)]);
    },
  ],
  'no weights': [
    'IMPORT_LAYERS',
    /no layer/,
    () => {
      const { b, x } = sketch();
      return b.build([b.op('Flatten', [x])]);
    },
  ],
  'an op without a gradient': [
    'IMPORT_TRAINABLE',
    /node "bigger": the op Resize cannot be trained through\. Known ops that can: .*Conv, /,
    () => {
      const { b, x } = sketch();
      const bigger = b.op('Resize', [conv3(b, x, 'a', 4), '', b.floats([1, 1, 2, 2])], {}, { name: 'bigger' });
      return classify(b, bigger);
    },
  ],
  'windows over three dimensions': [
    'IMPORT_TRAINABLE',
    /node "cubes" \(Conv\) moves over 3 dimensions; only those over images, \[N, C, H, W\], or lines/,
    () => {
      const { b, x, w } = sketch();
      const parts = b.op('Reshape', [conv3(b, x, 'a', 4), b.ints([0, 4, 2, 2, 4])]);
      const cubes = b.op('Conv', [parts, w('cubes.weight', 4, 4, 1, 2, 3)], { kernel_shape: [1, 2, 3] }, { name: 'cubes' });
      return b.build([fullyConnected(b, b.op('Flatten', [cubes]), 'dense', 3)]);
    },
  ],
  'a quantized network': [
    'IMPORT_QUANTIZED',
    /node "q" \(QuantizeLinear\)/,
    () => {
      const { b, x } = sketch();
      const q = b.op(
        'QuantizeLinear',
        [x, b.scalar(0.1), b.initializer('z', { dtype: 'uint8', shape: [], data: new Uint8Array(1) })],
        {},
        { name: 'q' },
      );
      return classify(b, conv3(b, b.op('DequantizeLinear', [q, b.scalar(0.1), 'z']), 'a', 4));
    },
  ],
  'weights that are no numbers': [
    'IMPORT_VALUES',
    /"a\.bias" holds values that are not finite/,
    () => {
      const { b, x } = sketch();
      const graph = classify(b, conv3(b, x, 'a', 4));
      const bias = { ...graph.initializers['a.bias']!, data: Float32Array.of(1, Number.NaN, 1, 1) };
      return { ...graph, initializers: { ...graph.initializers, 'a.bias': bias } };
    },
  ],
  'one image that is known by its number': [
    'IMPORT_BATCH',
    /node "gather" \(Gather\) knows one image only: export the network with an open batch size/,
    () => {
      const b = new Builder('single');
      const x = b.input('x', { dtype: 'float32', shape: [1, 3, 4, 4] });
      const list = b.op('Reshape', [b.op('GlobalAveragePool', [x]), b.ints([-1])]);
      return b.build([fullyConnected(b, b.op('Gather', [list, b.ints([0, 1, 2], [1, 3])]), 'dense', 3)]);
    },
  ],
  'samples that are mixed': [
    'IR_BATCH',
    /batch/,
    () => {
      const b = new Builder('mixed');
      const x = b.input('x', { dtype: 'float32', shape: [2, 3, 4, 4] });
      const mixed = b.op('Reshape', [b.op('Transpose', [x], { perm: [1, 0, 2, 3] }), b.ints([2, 48])]);
      return b.build([fullyConnected(b, mixed, 'dense', 3)]);
    },
  ],
};

describe('a network that cannot be compressed is refused', () => {
  it.each(Object.entries(refused))('for %s', (_, [code, message, build]) => {
    const importing = () => importNetwork(encode(build()));
    expect(importing).toThrow(expect.objectContaining({ code }));
    expect(importing).toThrow(message);
  });

  it('by its shape as the file has it: a batch that it leaves open is N', () => {
    const graph = refused['rows for images']![2]();
    expect(() => importNetwork(encode(graph, { symbolicBatch: 'N' }))).toThrow(/takes "x" float32\[N,8\]\./);
  });
});
