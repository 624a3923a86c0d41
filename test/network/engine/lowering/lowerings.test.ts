import { describe, expect, it } from 'vitest';
import { buildTrainStep } from '../../../../src/network/autodiff/train-step.ts';
import { blockSize } from '../../../../src/network/engine/lowering/blocked/probe.ts';
import { lower, lowerings } from '../../../../src/network/engine/lowering/index.ts';
import { withSession } from '../../../../src/network/engine/session.ts';
import { Builder } from '../../../../src/network/ir/builder.ts';
import { encode } from '../../../../src/network/ir/bytes/encode.ts';
import type { Graph, Shape } from '../../../../src/network/ir/graph.ts';
import { elementCount } from '../../../../src/network/ir/graph.ts';
import { ops } from '../../../../src/network/ir/ops/index.ts';
import { verify } from '../../../../src/network/ir/verify.ts';
import { relativeError } from '../../../fixtures/compression.ts';
import { classify, conv3, sketch } from '../../../fixtures/graphs.ts';
import { interpret } from '../../../fixtures/interpreter.ts';
import { type LoweringCase, loweringCases } from '../../../fixtures/lowering-cases.ts';
import { feedsOf, graphOf } from '../../../fixtures/lowering-runs.ts';

async function run(graph: Graph, feeds: Record<string, Float64Array>): Promise<Record<string, Float32Array>> {
  const tensor = (name: string) => ({
    dtype: 'float32' as const,
    shape: graph.types[name]!.shape,
    data: Float32Array.from(feeds[name]!),
  });
  const results = await withSession(encode(graph), {}, (session) =>
    session.run(Object.fromEntries(session.inputs.map((name) => [name, tensor(name)]))),
  );
  return Object.fromEntries(
    Object.entries(results).map(([name, { shape, data }]) => {
      expect(shape).toEqual(graph.types[name]!.shape);
      return [name, data as Float32Array];
    }),
  );
}

const block = await blockSize();
/** The one for WebGPU gives the same also on the CPU. */
const here = lowerings.filter(({ name }) => ['portable', 'webgpu', `blocked${block}`].includes(name));

/** Also layouts of other processors, on the reference interpreter. */
const inBlocks = [8, 16];

describe.each(here)('lowering $name on onnxruntime', ({ name: lowering }) => {
  it.each(loweringCases)('$op $form', async (test) => {
    const feeds = feedsOf(test);
    const expected = interpret(graphOf(test, 'float64'), feeds);
    const graph = lower(graphOf(test, 'float32'), lowering);
    expect(graph.nodes.every((node) => node.domain !== 'espalier')).toBe(true);
    const found = await run(graph, feeds);
    for (const name of graph.outputs) expect(relativeError(found[name]!, expected[name]!.data), name).toBeLessThan(2e-6);
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
    const graph = lower(b.build([dx]), lowering);
    const found = await withSession(encode(graph), {}, (session) =>
      session.run({ dy: feed([1, 1, 1, 1], 3), x: feed([1, 1, 2, 2], 1), y: feed([1, 1, 1, 1], 1) }),
    );
    expect([...found['dx']!.data].map(Number).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 3]);
  });
});

describe.each(inBlocks)('blocks of %i on the reference interpreter', (size) => {
  it.each(loweringCases)('$op $form', (test) => {
    const feeds = feedsOf(test);
    const expected = interpret(graphOf(test, 'float64'), feeds);
    const found = interpret(lower(graphOf(test, 'float32'), `blocked${size}`), feeds, { block: size });
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(found[name]!.shape).toEqual(shape);
      expect(relativeError(found[name]!.data, data), name).toBeLessThan(1e-6);
    }
  });
});

/** As in an imported network: every node is called after its value. */
function behindAnActivation(op: string, next: (b: Builder, y: string) => string): Graph {
  const { b, x } = sketch();
  const active = b.op(op, [conv3(b, x, 'a', 4)], {}, { name: 'active' });
  return classify(b, next(b, active));
}

const nexts: Readonly<Record<string, (b: Builder, y: string) => string>> = {
  AveragePool: (b, y) => b.op('AveragePool', [y], { kernel_shape: [2, 2], strides: [2, 2] }),
  MaxPool: (b, y) => b.op('MaxPool', [y], { kernel_shape: [2, 2], strides: [2, 2] }),
  Relu: (b, y) => b.op('Relu', [y]),
};

describe('a train step with an activation before another op that is lowered', () => {
  const pairs = ['Tanh', 'Sigmoid', 'HardSwish', 'LeakyRelu'].flatMap((op) =>
    Object.keys(nexts).map((next) => [op, next] as const),
  );

  it.each(pairs)('%s before %s', (op, next) => {
    const { graph } = buildTrainStep(behindAnActivation(op, nexts[next]!), {
      optimizer: { name: 'sgd', momentum: 0, nesterov: false },
      weightDecay: 0,
      batchNormMomentum: 0.9,
    });
    for (const { name } of lowerings) expect(() => verify(lower(graph, name)), name).not.toThrow();
  });
});

describe('the lowerings', () => {
  it('have a case for every training op', () => {
    // Stored stands in exported graphs alone, until its file is written.
    const own = ops.filter(({ domain, op }) => domain === 'espalier' && op !== 'Stored').map(({ op }) => op);
    expect([...new Set(loweringCases.map((test) => test.op))].sort()).toEqual(own.sort());
  });

  it('know their names', () => {
    expect(lowerings.map((lowering) => lowering.name)).toEqual(['blocked16', 'blocked8', 'portable', 'webgpu']);
    expect(() => lower(graphOf(loweringCases[0]!, 'float32'), 'portabel')).toThrow('Did you mean "portable"?');
  });

  it('say which node they do not cover', () => {
    const volume: LoweringCase = {
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
