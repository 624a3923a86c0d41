import { describe, expect, it } from 'vitest';
import { Builder, float } from '../../../src/network/ir/builder.ts';
import { type Graph, type Node, tensorOf } from '../../../src/network/ir/graph.ts';
import { macs, parameterCount, parameterNames, stateNames } from '../../../src/network/ir/macs.ts';
import { print } from '../../../src/network/ir/print.ts';
import { verify } from '../../../src/network/ir/verify.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
const ones = (...shape: number[]) =>
  tensorOf(
    'float32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1),
  );

/** x → Conv → BatchNormalization → Clip → Split, whose second half is the output. */
function sample(): Graph {
  const b = new Builder('sample');
  const x = b.input('x', f32(2, 3, 8, 8));
  const conv = b.op(
    'Conv',
    [x, b.initializer('conv.weight', ones(4, 3, 3, 3))],
    { pads: [1, 1, 1, 1], strides: [2, 2] },
    { name: 'conv' },
  );
  const vectors = ['scale', 'bias', 'mean', 'var'].map((name) => b.initializer(`bn.${name}`, ones(4)));
  const norm = b.op('BatchNormalization', [conv, ...vectors], { epsilon: float(0.5) }, { name: 'bn' });
  const clip = b.op('Clip', [norm, '', b.scalar(6)], {}, { name: 'relu6' });
  const [, second] = b.multi('Split', [clip], 2, { axis: 1 }, { name: 'split' });
  return b.build([second!]);
}

describe('builder', () => {
  it('makes names up that are not taken, and shares constants', () => {
    const b = new Builder('g');
    const x = b.input('Relu', f32(2));
    expect(b.op('Relu', [b.op('Relu', [x])])).toBe('Relu_3');
    expect(b.multi('Split', [x], 2, {}, { name: 'half' })).toEqual(['half.0', 'half.1']);
    expect([b.ints([1, 2]), b.ints([1, 2]), b.ints([1, 2], [2, 1]), b.floats([1, 2])]).toEqual([
      'const0',
      'const0',
      'const1',
      'const2',
    ]);
  });

  it('goes on where a graph ends', () => {
    const b = Builder.from(sample());
    expect(b.op('Relu', ['split.1'], {}, { name: 'conv' })).toBe('conv_2');
    verify(b.build(['conv_2']));
  });

  it('renames what was emitted last', () => {
    const b = new Builder('g');
    const start = b.nodes.length;
    const y = b.op('Neg', [b.op('Relu', [b.input('x', f32(2))])]);
    expect(b.rename('Relu', 'x', start)).toBe('x_2');
    expect(b.nodes.map(({ name, inputs }) => [name, ...inputs])).toEqual([
      ['x_2', 'x'],
      ['Neg', 'x_2'],
    ]);
    verify(b.build([y]));
  });

  it('refuses what does not fit', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(2, 3));
    const refused = (code: string, work: () => unknown) => expect(work).toThrow(expect.objectContaining({ code }));
    refused('IR_NAME', () => b.input('x', f32(1)));
    refused('IR_NAME', () => b.op('Relu', ['nowhere']));
    refused('IR_NAME', () => b.build(['nowhere']));
    refused('IR_NAME', () => b.op('Relu', [x], {}, { outputs: ['x'] }));
    refused('IR_SHAPE', () => b.initializer('w', { ...ones(2), shape: [3] }));
    refused('IR_SHAPE', () => b.op('MatMul', [x, x]));
    refused('IR_SHAPE', () => b.op('Reshape', [x, b.ints([4, -1])]));
    refused('IR_ATTRIBUTE', () => b.op('LeakyRelu', [x], { alpha: 0.5 }));
    refused('IR_UNKNOWN_OP', () => b.op('Relu', [x], {}, { domain: 'elsewhere' }));
  });
});

describe('shape inference', () => {
  const infer = (op: string, shapes: number[][], attributes = {}, outputs = 1) => {
    const b = new Builder('g');
    const inputs = shapes.map((shape, i) => b.input(`x${i}`, f32(...shape)));
    return b.multi(op, inputs, outputs, attributes).map((name) => b.shape(name));
  };

  it.each<[string, string, number[][], Record<string, number | number[] | string>, number[]]>([
    [
      'strides drop a rest',
      'Conv',
      [
        [1, 1, 6, 6],
        [1, 1, 3, 3],
      ],
      { strides: [2, 2] },
      [1, 1, 2, 2],
    ],
    [
      'dilations widen the window',
      'Conv',
      [
        [1, 1, 7, 7],
        [1, 1, 3, 3],
      ],
      { dilations: [3, 2] },
      [1, 1, 1, 3],
    ],
    [
      'SAME_LOWER',
      'Conv',
      [
        [1, 1, 5, 6],
        [1, 1, 2, 3],
      ],
      { auto_pad: 'SAME_LOWER', strides: [2, 2] },
      [1, 1, 3, 3],
    ],
    [
      'VALID',
      'Conv',
      [
        [1, 1, 5, 6],
        [1, 1, 2, 3],
      ],
      { auto_pad: 'VALID' },
      [1, 1, 4, 4],
    ],
    ['rounding up', 'MaxPool', [[1, 1, 5, 5]], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }, [1, 1, 3, 3]],
    [
      'rounding up, but not into the padding',
      'MaxPool',
      [[1, 1, 4, 4]],
      { kernel_shape: [1, 1], strides: [2, 2], ceil_mode: 1, pads: [0, 0, 1, 1] },
      [1, 1, 2, 2],
    ],
    ['a row times a batch', 'MatMul', [[3], [5, 3, 4]], {}, [5, 4]],
    [
      'batches broadcast',
      'MatMul',
      [
        [2, 1, 2, 3],
        [5, 3, 4],
      ],
      {},
      [2, 5, 2, 4],
    ],
  ])('%s', (_, op, shapes, attributes, expected) => expect(infer(op, shapes, attributes)).toEqual([expected]));

  it.each<[string, string, number[][], Record<string, number | number[]>]>([
    [
      'channels',
      'Conv',
      [
        [1, 3, 4, 4],
        [2, 2, 3, 3],
      ],
      {},
    ],
    [
      'groups',
      'Conv',
      [
        [1, 4, 4, 4],
        [3, 2, 3, 3],
      ],
      { group: 2 },
    ],
    ['bias', 'Conv', [[1, 3, 4, 4], [2, 3, 3, 3], [3]], {}],
    [
      'window',
      'Conv',
      [
        [1, 1, 2, 2],
        [1, 1, 3, 3],
      ],
      {},
    ],
    [
      'inner sizes',
      'Gemm',
      [
        [2, 3],
        [2, 3],
      ],
      {},
    ],
    ['Gemm bias', 'Gemm', [[2, 3], [3, 4], [3]], {}],
    ['broadcasting', 'Add', [[2, 3], [2]], {}],
    ['statistics', 'BatchNormalization', [[1, 3, 2, 2], [3], [3], [3], [2]], {}],
    [
      'axis',
      'Concat',
      [
        [2, 3],
        [2, 3],
      ],
      { axis: 2 },
    ],
    ['rank', 'Concat', [[2, 3], [2]], { axis: 0 }],
    ['permutation', 'Transpose', [[2, 3]], { perm: [0, 0] }],
    [
      'dy',
      'ConvInputGrad',
      [
        [1, 2, 4, 4],
        [2, 1, 3, 3],
      ],
      { input_shape: [1, 1, 4, 4] },
    ],
  ])('refuses %s that do not fit, naming the node', (_, op, shapes, attributes) => {
    const domain = op.endsWith('Grad') ? 'espalier' : '';
    const b = new Builder('g');
    const inputs = shapes.map((shape, i) => b.input(`x${i}`, f32(...shape)));
    expect(() => b.op(op, inputs, attributes, { domain, name: 'here' })).toThrow(
      expect.objectContaining({ code: 'IR_SHAPE', facts: { node: 'here', op } }),
    );
  });

  it('refuses parts that do not add up, and training forms', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(5, 2));
    expect(() => b.multi('Split', [x], 2)).toThrow(/cannot split 5/);
    expect(() => b.multi('Split', [x, b.ints([2, 2])], 2)).toThrow(/cannot split 5 into \[2,2\]/);
    const vectors = [1, 2, 3, 4].map((i) => b.initializer(`v${i}`, ones(2)));
    expect(() => b.op('BatchNormalization', [x, ...vectors], { training_mode: 1 })).toThrow(/export the model for inference/);
    const training = b.initializer('training', tensorOf('bool', [], [1]));
    expect(() => b.op('Dropout', [x, '', training])).toThrow(/export the model for inference/);
  });
});

describe('verify', () => {
  const graph = sample();
  const [conv, ...rest] = graph.nodes as [Node, ...Node[]];
  const broken: Record<string, [Partial<Graph>, RegExp]> = {
    'a value that is read too early': [{ nodes: [...rest, conv] }, /"bn".*reads "conv", which is not defined before it/],
    'a value that is defined twice': [
      { nodes: [conv, { ...conv, name: 'again' }, ...rest] },
      /node "again" defines "conv" a second time/,
    ],
    'two nodes of one name': [
      { nodes: [conv, { ...conv, outputs: ['other'] }, ...rest], types: { ...graph.types, other: graph.types['conv']! } },
      /two nodes are called "conv"/,
    ],
    'a wrong type': [
      { types: { ...graph.types, conv: f32(2, 4, 4, 5) } },
      /"conv" is noted as float32\[2,4,4,5\], but is float32\[2,4,4,4\]/,
    ],
    'a missing type': [{ types: {} }, /there is no type for "x"/],
    'a type of nothing': [{ types: { ...graph.types, ghost: f32(1) } }, /type for "ghost", which nothing defines/],
    'a missing output': [{ outputs: ['ghost'] }, /the output "ghost" is not defined/],
    'too few numbers': [
      { initializers: { ...graph.initializers, 'bn.bias': { ...ones(3), shape: [4] } } },
      /"bn.bias" has 3 values for the shape \[4\]/,
    ],
    'an output that the op lacks': [{ nodes: [{ ...conv, outputs: ['conv', 'more'] }, ...rest] }, /has no output 1 \("more"\)/],
    'an unknown op': [{ nodes: [{ ...conv, op: 'Konv' }, ...rest] }, /the op Konv is not supported/],
  };

  it('accepts a sound graph', () => verify(graph));

  it.each(Object.entries(broken))('refuses %s', (_, [change, message]) => {
    const work = () => verify({ ...graph, ...change });
    expect(work).toThrow(expect.objectContaining({ code: 'IR_INVALID' }));
    expect(work).toThrow(message);
  });
});

describe('print', () => {
  it('shows a graph, one value a line', () => {
    expect(print(sample())).toMatchInlineSnapshot(`
      "sample(%x: f32[2,3,8,8]) {
        const %conv.weight: f32[4,3,3,3]
        const %bn.scale: f32[4] = [1, 1, 1, 1]
        const %bn.bias: f32[4] = [1, 1, 1, 1]
        const %bn.mean: f32[4] = [1, 1, 1, 1]
        const %bn.var: f32[4] = [1, 1, 1, 1]
        const %const0: f32[] = [6]
        %conv: f32[2,4,4,4] = Conv(%x, %conv.weight) {pads=[1,1,1,1], strides=[2,2]}
        %bn: f32[2,4,4,4] = BatchNormalization(%conv, %bn.scale, %bn.bias, %bn.mean, %bn.var) {epsilon=0.5}
        %relu6: f32[2,4,4,4] = Clip(%bn, _, %const0)
        %split.0: f32[2,2,4,4], %split.1: f32[2,2,4,4] = Split(%relu6) {axis=1}
        return %split.1
      }"
    `);
  });
});

describe('costs', () => {
  it('counts multiply-accumulates by node', () => {
    const b = new Builder('g');
    const w = (name: string, ...shape: number[]) => b.initializer(name, ones(...shape));
    const conv = b.op(
      'Conv',
      [b.input('x', f32(2, 4, 8, 8)), w('a', 6, 4, 3, 3)],
      { pads: [1, 1, 1, 1], strides: [2, 2] },
      { name: 'conv' },
    );
    const depthwise = b.op('Conv', [conv, w('b', 6, 1, 3, 3)], { group: 6 }, { name: 'depthwise' });
    const flat = b.op('Flatten', [b.op('Relu', [depthwise])]);
    const gemm = b.op('Gemm', [flat, w('c', 5, 24)], { transB: 1 }, { name: 'gemm' });
    const product = b.op('MatMul', [gemm, w('d', 5, 7)], {}, { name: 'product' });
    const fused = b.op('FusedMatMul', [w('e', 3, 7), product], { transB: 1 }, { name: 'fused', domain: 'com.microsoft' });
    expect(macs(b.build([fused]))).toEqual({
      byNode: { conv: 2 * 6 * 16 * 36, depthwise: 2 * 6 * 4 * 9, gemm: 2 * 24 * 5, product: 2 * 5 * 7, fused: 3 * 7 * 2 },
      total: 6912 + 432 + 240 + 70 + 42,
    });
  });

  it('tells parameters from statistics and constants', () => {
    const graph = sample();
    expect(parameterNames(graph)).toEqual(['conv.weight', 'bn.scale', 'bn.bias']);
    expect(stateNames(graph)).toEqual(['bn.mean', 'bn.var']);
    expect(parameterCount(graph)).toBe(4 * 27 + 8);
  });

  it('counts a weight once that is used twice, and a quantized one as what it stands for', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(1, 4));
    const q = b.initializer(
      'q',
      tensorOf(
        'int8',
        [4, 4],
        Array.from({ length: 16 }, () => 1),
      ),
    );
    const w = b.op('DequantizeLinear', [q, b.scalar(0.5), b.initializer('zero', tensorOf('int8', [], [0]))]);
    expect(parameterCount(b.build([b.op('MatMul', [b.op('MatMul', [x, w]), w])]))).toBe(16);
  });
});
