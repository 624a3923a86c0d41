import { describe, expect, it } from 'vitest';
import { createRng } from '../../../../src/core/rng.ts';
import { lower, lowerings } from '../../../../src/network/engine/lowering/index.ts';
import { withSession } from '../../../../src/network/engine/session.ts';
import { type AttributeInput, Builder, float } from '../../../../src/network/ir/builder.ts';
import { encode } from '../../../../src/network/ir/bytes/encode.ts';
import type { Graph, Shape } from '../../../../src/network/ir/graph.ts';
import { elementCount } from '../../../../src/network/ir/graph.ts';
import { ops } from '../../../../src/network/ir/ops/index.ts';
import { interpret } from '../../../fixtures/interpreter.ts';

interface Case {
  readonly op: string;
  readonly form: string;
  readonly inputs: readonly Shape[];
  readonly outputs: number;
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  /** Makes random feeds fit the op where it asks for more than numbers. */
  readonly prepare?: (feeds: Float64Array[]) => void;
}

/** Shape of the output of a convolution or pooling. */
const outputOf = (size: number, kernel: number, stride: number, begin: number, end: number, dilation = 1) =>
  Math.floor((size + begin + end - (kernel - 1) * dilation - 1) / stride) + 1;

interface ConvForm {
  readonly n?: number;
  readonly c: number;
  readonly k: number;
  readonly h: number;
  readonly w?: number;
  readonly kernel?: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly group?: number;
}

const convForms: readonly ConvForm[] = [
  { c: 3, k: 4, h: 6 },
  { c: 8, k: 2, h: 5, w: 7 },
  { c: 1, k: 8, h: 6 },
  { c: 3, k: 4, h: 7, strides: [2, 2] },
  { c: 3, k: 4, h: 8, strides: [2, 2] },
  { c: 3, k: 2, h: 8, w: 5, kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0] },
  { c: 3, k: 2, h: 4, kernel: [1, 1], pads: [0, 0, 0, 0] },
  { c: 2, k: 3, h: 9, kernel: [5, 3], strides: [1, 2], pads: [0, 1, 3, 0] },
  { c: 2, k: 3, h: 9, strides: [3, 2], pads: [1, 0, 0, 1] },
  { c: 2, k: 2, h: 9, dilations: [2, 3], pads: [2, 3, 2, 3] },
  { c: 2, k: 2, h: 9, dilations: [2, 1], strides: [2, 1], pads: [0, 0, 0, 0] },
  { c: 2, k: 2, h: 4, kernel: [1, 1], pads: [1, 1, 1, 1] },
  { c: 4, k: 4, h: 6, group: 4 },
  { c: 4, k: 6, h: 7, group: 2, strides: [2, 2] },
  { n: 1, c: 4, k: 8, h: 5, group: 4 },
];

function convCases(form: ConvForm): Case[] {
  const { n = 2, c, k, h, w = h, kernel = [3, 3], strides = [1, 1], pads = [1, 1, 1, 1], dilations = [1, 1], group = 1 } = form;
  const size = (i: number) => outputOf([h, w][i]!, kernel[i]!, strides[i]!, pads[i]!, pads[i + 2]!, dilations[i]);
  const [x, dy, weight] = [
    [n, c, h, w],
    [n, k, size(0), size(1)],
    [k, c / group, ...kernel],
  ];
  const attributes = { strides, pads, dilations, group };
  const text = JSON.stringify(form);
  return [
    { op: 'ConvInputGrad', form: text, inputs: [dy!, weight!], outputs: 1, attributes: { ...attributes, input_shape: x! } },
    {
      op: 'ConvWeightGrad',
      form: text,
      inputs: [x!, dy!],
      outputs: 1,
      attributes: { ...attributes, kernel_shape: kernel, weight_shape: weight! },
    },
  ];
}

interface PoolForm {
  readonly h: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pads?: readonly [number, number, number, number];
  readonly countPadding?: boolean;
}

const poolForms: readonly PoolForm[] = [
  { h: 6, kernel: 2, stride: 2 },
  { h: 7, kernel: 2, stride: 2 },
  { h: 7, kernel: 3, stride: 2, pads: [1, 1, 1, 1] },
  { h: 7, kernel: 3, stride: 2, pads: [1, 1, 1, 1], countPadding: true },
  { h: 6, kernel: 3, stride: 1, pads: [0, 1, 2, 1] },
  { h: 8, kernel: 2, stride: 3 },
  // As ceil_mode arrives: padding only at the end, up to where the last window reaches.
  { h: 6, kernel: 3, stride: 2, pads: [0, 0, 1, 1] },
];

function poolCases({ h, kernel, stride, pads = [0, 0, 0, 0], countPadding = false }: PoolForm): Case[] {
  const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads };
  const size = (axis: number) => outputOf(h, kernel, stride, pads[axis]!, pads[axis + 2]!);
  const x = [2, 3, h, h];
  const y = [2, 3, size(0), size(1)];
  const form = JSON.stringify({ h, kernel, stride, pads, countPadding });
  const prepare = (feeds: Float64Array[]) => feeds[2]!.set(maxPool(feeds[1]!, x, attributes));
  const ofAverage = { ...attributes, input_shape: x, count_include_pad: Number(countPadding) };
  return [
    { op: 'MaxPoolGrad', form, inputs: [y, x, y], outputs: 1, attributes, prepare },
    { op: 'AveragePoolGrad', form, inputs: [y], outputs: 1, attributes: ofAverage },
  ];
}

/** What MaxPool gives for x: the gradient may read it. */
function maxPool(x: Float64Array, shape: Shape, attributes: Readonly<Record<string, AttributeInput>>): Float64Array {
  const b = new Builder('pool');
  b.input('x', { dtype: 'float64', shape });
  const y = b.op('MaxPool', ['x'], attributes);
  return interpret(b.build([y]), { x })[y]!.data;
}

const normForms: readonly Shape[] = [
  [4, 3, 2, 3],
  [2, 3, 24, 24],
  [8, 5],
  [2, 3, 2, 2, 2],
];

const normCases = (shape: Shape): Case[] => {
  const vector = [shape[1]!];
  const attributes = { epsilon: float(1e-3) };
  const form = JSON.stringify(shape);
  return [
    { op: 'BatchNormTrain', form, inputs: [shape, vector, vector], outputs: 3, attributes },
    {
      op: 'BatchNormGrad',
      form,
      inputs: [shape, shape, vector, vector, vector],
      outputs: 3,
      attributes,
      prepare: (feeds) => batchStatistics(feeds, shape),
    },
  ];
};

/** Puts the batch's own mean and variance of x (input 1) into inputs 3 and 4. */
function batchStatistics(feeds: Float64Array[], shape: Shape): void {
  const b = new Builder('statistics');
  b.input('x', { dtype: 'float64', shape });
  for (const name of ['scale', 'bias']) b.input(name, { dtype: 'float64', shape: [shape[1]!] });
  const [, mean, variance] = b.multi('BatchNormTrain', ['x', 'scale', 'bias'], 3, {}, { domain: 'espalier' });
  const ones = new Float64Array(shape[1]!).fill(1);
  const values = interpret(b.build([mean!, variance!]), { x: feeds[1]!, scale: ones, bias: ones });
  feeds[3]!.set(values[mean!]!.data);
  feeds[4]!.set(values[variance!]!.data);
}

const distribution = (feeds: Float64Array[]) => {
  for (let row = 0; row < 4; row++) {
    const part = feeds[1]!.subarray(row * 5, row * 5 + 5);
    const sum = part.reduce((total, value) => total + Math.abs(value), 0);
    part.forEach((value, i) => {
      part[i] = Math.abs(value) / sum;
    });
  }
};

const cases: readonly Case[] = [
  {
    op: 'ReluGrad',
    form: '4D',
    inputs: [
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ],
    outputs: 1,
  },
  {
    op: 'SoftmaxCrossEntropy',
    form: '4×5',
    inputs: [
      [4, 5],
      [4, 5],
    ],
    outputs: 2,
    prepare: distribution,
  },
  ...convForms.flatMap(convCases),
  ...poolForms.flatMap(poolCases),
  ...normForms.flatMap(normCases),
];

function graphOf({ op, inputs, outputs, attributes = {} }: Case, dtype: 'float32' | 'float64'): Graph {
  const b = new Builder('case');
  const names = inputs.map((shape, i) => b.input(`in${i}`, { dtype, shape }));
  return b.build(
    b.multi(op, names, outputs, attributes, {
      domain: 'espalier',
      name: op,
      outputs: Array.from({ length: outputs }, (_, i) => `out${i}`),
    }),
  );
}

function feedsOf({ op, form, inputs, prepare }: Case): Float64Array[] {
  const rng = createRng('lowering', op, form);
  const feeds = inputs.map((shape) => Float64Array.from({ length: elementCount(shape) }, () => Math.fround(rng.normal())));
  prepare?.(feeds);
  return feeds;
}

/** ‖found − expected‖ / ‖expected‖ over all numbers. */
function relativeError(found: ArrayLike<number>, expected: Float64Array): number {
  let [difference, size] = [0, 0];
  expected.forEach((value, i) => {
    difference += (found[i]! - value) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(difference / Math.max(size, 1e-30));
}

describe('portable lowering', () => {
  it.each(cases)('$op $form', async (test) => {
    const feeds = feedsOf(test);
    const named = Object.fromEntries(feeds.map((data, i) => [`in${i}`, data]));
    const expected = interpret(graphOf(test, 'float64'), named);
    const graph = lower(graphOf(test, 'float32'), 'portable');
    expect(graph.nodes.every((node) => node.domain !== 'espalier')).toBe(true);
    const found = await withSession(encode(graph), {}, (session) =>
      session.run(
        Object.fromEntries(
          session.inputs.map((name) => [
            name,
            { dtype: 'float32', shape: graph.types[name]!.shape, data: Float32Array.from(named[name]!) },
          ]),
        ),
      ),
    );
    for (const name of graph.outputs) {
      expect(found[name]!.shape).toEqual(expected[name]!.shape);
      expect(relativeError(found[name]!.data as Float32Array, expected[name]!.data), name).toBeLessThan(2e-6);
    }
  });

  it('covers every training op', () => {
    const own = ops.filter((entry) => entry.domain === 'espalier').map((entry) => entry.op);
    expect([...new Set(cases.map((test) => test.op))].sort()).toEqual(own.sort());
  });

  it('gives all of the gradient to one of several equal maxima', async () => {
    const b = new Builder('ties');
    for (const [name, size] of [
      ['dy', 1],
      ['x', 2],
      ['y', 1],
    ] as const)
      b.input(name, { dtype: 'float32', shape: [1, 1, size, size] });
    const attributes = { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] };
    const dx = b.op('MaxPoolGrad', ['dy', 'x', 'y'], attributes, { domain: 'espalier', name: 'dx' });
    const feed = (shape: Shape, value: number) => ({
      dtype: 'float32' as const,
      shape,
      data: new Float32Array(elementCount(shape)).fill(value),
    });
    const graph = lower(b.build([dx]), 'portable');
    const found = await withSession(encode(graph), {}, (session) =>
      session.run({ dy: feed([1, 1, 1, 1], 3), x: feed([1, 1, 2, 2], 1), y: feed([1, 1, 1, 1], 1) }),
    );
    expect([...found['dx']!.data].map(Number).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 3]);
  });

  it('knows its name', () => {
    expect(lowerings.map((lowering) => lowering.name)).toEqual(['portable']);
    expect(() => lower(graphOf(cases[0]!, 'float32'), 'portabel')).toThrow('Did you mean "portable"?');
  });

  it('says which node it does not cover', () => {
    const volume: Case = {
      op: 'ConvInputGrad',
      form: '',
      inputs: [
        [1, 2, 3, 3, 3],
        [2, 2, 1, 1, 1],
      ],
      outputs: 1,
      attributes: { strides: [1, 1, 1], pads: [0, 0, 0, 0, 0, 0], dilations: [1, 1, 1], group: 1, input_shape: [1, 2, 3, 3, 3] },
    };
    expect(() => lower(graphOf(volume, 'float32'), 'portable')).toThrow(/ConvInputGrad.*only \[N,C,H,W\]/);
  });
});
