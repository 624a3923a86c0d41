import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../../src/core/rng.ts';
import { buildTrainStep } from '../../../../src/network/autodiff/train-step.ts';
import { blockSize } from '../../../../src/network/engine/lowering/blocked/probe.ts';
import { lower } from '../../../../src/network/engine/lowering/index.ts';
import { Builder, float } from '../../../../src/network/ir/builder.ts';
import type { Graph } from '../../../../src/network/ir/graph.ts';
import { elementCount } from '../../../../src/network/ir/graph.ts';
import { withBatch } from '../../../../src/network/ir/passes/with-batch.ts';
import { models } from '../../../../src/network/models/index.ts';
import { relativeError } from '../../../fixtures/compression.ts';
import { trainedModel } from '../../../fixtures/graphs.ts';
import { importedNetwork } from '../../../fixtures/networks.ts';
import { sketches } from '../../../fixtures/sketches.ts';
import { type StepGradients, stepGradients } from '../../../fixtures/train-gradient.ts';

const block = await blockSize();
const lowering = `blocked${block}`;

interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly group?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
  /** Top, left, bottom, right; `pad` all around where left out. */
  readonly pads?: readonly number[];
}

/** A network under construction; `c` and `bn` draw their weights. */
class Net {
  readonly b = new Builder('net');
  private layers = 0;

  constructor(batch: number, channels: number, height: number, width = height) {
    this.b.input('x', { dtype: 'float32', shape: [batch, channels, height, width] });
  }

  private weight(name: string, shape: readonly number[], center = 0): string {
    const rng = createRng('blocked', name, shape.join());
    const deviation = center ? 0.2 : 1 / Math.sqrt(elementCount(shape.slice(1)));
    const data = Float32Array.from({ length: elementCount(shape) }, () => center + deviation * rng.normal());
    return this.b.initializer(name, { dtype: 'float32', shape, data });
  }

  conv(x: string, channels: number, options: ConvOptions = {}): string {
    const { kernel = 3, stride = 1, pad = (kernel - 1) >> 1, group = 1, dilation = 1, bias = false } = options;
    const pads = options.pads ?? [pad, pad, pad, pad];
    const name = `conv${this.layers++}`;
    const inputs = [x, this.weight(`${name}.w`, [channels, this.b.shape(x)[1]! / group, kernel, kernel])];
    if (bias) inputs.push(this.weight(`${name}.b`, [channels], 0.1));
    const attributes = { strides: [stride, stride], pads, dilations: [dilation, dilation], group };
    return this.b.op('Conv', inputs, attributes, { name });
  }

  norm(x: string): string {
    const name = `bn${this.layers++}`;
    const channels = [this.b.shape(x)[1]!];
    const [scale, bias, mean, variance] = [1, 0.1, 0.1, 1].map((center, i) => this.weight(`${name}.${i}`, channels, center));
    return this.b.op('BatchNormalization', [x, scale!, bias!, mean!, variance!], { epsilon: float(1e-3) }, { name });
  }

  slopes(shape: readonly number[]): string {
    return this.weight(`slopes${this.layers++}`, shape, 0.3);
  }

  classify(x: string): Graph {
    const flat = this.b.op('Flatten', [x]);
    return this.b.build([this.b.op('Gemm', [flat, this.weight('dense', [5, this.b.shape(flat)[1]!])], { transB: 1 })]);
  }
}

/** The norm of the differences over that of all gradients. */
function difference(a: StepGradients, b: StepGradients): number {
  const all = ({ gradients }: StepGradients) => Object.values(gradients).flatMap((each) => [...each]);
  return relativeError(all(b), all(a));
}

async function expectSame(model: Graph, tolerance = 2e-5): Promise<void> {
  const [portable, found] = [await stepGradients(model, 'portable'), await stepGradients(model, lowering)];
  expect(found.loss).toBeCloseTo(portable.loss, 5);
  expect(difference(portable, found)).toBeLessThan(tolerance);
  const whole = Math.hypot(...Object.values(portable.gradients).flatMap((each) => [...each]));
  for (const [name, gradient] of Object.entries(found.gradients)) {
    // What is zero but for rounding (a bias, or the only weight, before a normalization) cannot be compared with itself.
    const size = Math.hypot(...portable.gradients[name]!);
    const off = Math.hypot(...gradient.map((value, i) => value - portable.gradients[name]![i]!));
    expect(off, name).toBeLessThan(1e-4 * size + 1e-5 * whole);
  }
  if (found.states.length > 0) expect(relativeError(found.states, portable.states)).toBeLessThan(1e-5);
}

/** Layers between two convolutions, on 20 channels: a block and a part of one. */
const middles: Record<string, (net: Net, x: string) => string> = {
  Relu: ({ b }, x) => b.op('Relu', [x]),
  'Relu of a normalization': (net, x) => net.b.op('Relu', [net.norm(x)]),
  'normalization, residual, Relu': (net, x) => net.b.op('Relu', [net.b.op('Add', [net.norm(net.conv(x, 20)), x])]),
  'normalization plus normalization': (net, x) => net.b.op('Add', [net.norm(net.conv(x, 20)), net.norm(net.conv(x, 20))]),
  'a value added to itself': ({ b }, x) => b.op('Add', [x, x]),
  'a convolution that is read twice': (net, x) => {
    const y = net.conv(x, 20);
    return net.b.op('Mul', [net.b.op('Relu', [y]), net.b.op('Add', [y, x])]);
  },
  Clip: ({ b }, x) => b.op('Clip', [x, b.scalar(0), b.scalar(6)]),
  'Clip of a normalization': (net, x) => net.b.op('Clip', [net.norm(x), net.b.scalar(-0.5), net.b.scalar(0.5)]),
  'Clip above 0': ({ b }, x) => b.op('Clip', [x, b.scalar(0.1), b.scalar(1)]),
  LeakyRelu: ({ b }, x) => b.op('LeakyRelu', [x], { alpha: float(0.1) }),
  Elu: ({ b }, x) => b.op('Elu', [x], { alpha: float(0.5) }),
  Selu: ({ b }, x) => b.op('Selu', [x]),
  Softplus: ({ b }, x) => b.op('Softplus', [x]),
  'PRelu per channel': (net, x) => net.b.op('PRelu', [x, net.slopes([20, 1, 1])]),
  'PRelu of a normalization': (net, x) => net.b.op('PRelu', [net.norm(x), net.slopes([20, 1, 1])]),
  'PRelu with one slope': (net, x) => net.b.op('PRelu', [x, net.slopes([1])]),
  Sigmoid: ({ b }, x) => b.op('Sigmoid', [x]),
  HardSigmoid: ({ b }, x) => b.op('HardSigmoid', [x]),
  HardSwish: ({ b }, x) => b.op('HardSwish', [x]),
  Tanh: ({ b }, x) => b.op('Tanh', [x]),
  Erf: ({ b }, x) => b.op('Erf', [x]),
  Exp: ({ b }, x) => b.op('Exp', [x]),
  Log: ({ b }, x) => b.op('Log', [b.op('Add', [b.op('Abs', [x]), b.scalar(1)])]),
  Div: ({ b }, x) => b.op('Div', [x, b.op('Exp', [x])]),
  Max: ({ b }, x) => b.op('Max', [x, b.op('Neg', [x])]),
  'Min with a number': ({ b }, x) => b.op('Min', [x, b.scalar(-0.1)]),
  'squeeze and excitation': (net, x) => {
    const squeezed = net.conv(net.b.op('GlobalAveragePool', [x]), 20, { kernel: 1, bias: true });
    return net.b.op('Mul', [x, net.b.op('Sigmoid', [squeezed])]);
  },
  'a number per channel': ({ b }, x) =>
    b.op('Mul', [
      x,
      b.floats(
        Array.from({ length: 20 }, (_, i) => i / 10),
        [20, 1, 1],
      ),
    ]),
  'a sum per channel': ({ b }, x) =>
    b.op('Add', [
      x,
      b.floats(
        Array.from({ length: 20 }, (_, i) => i / 10),
        [20, 1, 1],
      ),
    ]),
  MaxPool: ({ b }, x) => b.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] }),
  'MaxPool that overlaps': ({ b }, x) => b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  AveragePool: ({ b }, x) => b.op('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] }),
  'AveragePool that overlaps': ({ b }, x) =>
    b.op('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  'Concat within a block': (net, x) => net.b.op('Concat', [x, net.conv(x, 3)], { axis: 1 }),
  'Concat of whole blocks': (net, x) => net.b.op('Concat', [net.conv(x, 32), net.conv(x, 16), net.conv(x, 5)], { axis: 1 }),
  groups: (net, x) => net.conv(x, 20, { group: 2 }),
  'depthwise with a multiplier': (net, x) => net.conv(x, 40, { group: 20 }),
  'dilations and strides': (net, x) => net.conv(x, 8, { dilation: 2, stride: 2, pad: 2 }),
  'more padding than the window reaches': (net, x) => net.conv(x, 8, { kernel: 1, pad: 1 }),
  'more padding behind than the window reaches': (net, x) => net.conv(x, 8, { pads: [1, 1, 1, 3] }),
  'one place with padding behind': (net, x) => net.conv(x, 8, { kernel: 1, pads: [0, 0, 0, 1] }),
  'transposed to channels last': ({ b }, x) =>
    b.op('Transpose', [b.op('Transpose', [x], { perm: [0, 2, 3, 1] })], { perm: [0, 3, 1, 2] }),
};

const specs: Record<string, { family: string; [key: string]: unknown }> = {
  ResNet: { family: 'resnet', blocks: [1, 2], widths: [6, 20] },
  MobileNet: { family: 'mobilenet', stem: 16, widths: [20, 24, 24] },
  'inverted residuals': { family: 'mobilenet', stem: 8, widths: [8, 12], strides: [1, 2], expansion: 3, activation: 'relu6' },
  perceptron: { family: 'mlp', widths: [20, 6] },
};
const families = new Map([
  ...Object.entries(specs).map(
    ([name, spec]) => [name, { family: spec.family, graph: () => trainedModel(spec, [3, 8, 8], 4) }] as const,
  ),
  ['a network from a file', { family: 'file', graph: () => withBatch(importedNetwork('residual-as-is'), 4) }] as const,
]);

describe.runIf(block)('the blocked lowering gives the gradients of the portable one', () => {
  it.each(Object.keys(middles))('%s', async (name) => {
    const net = new Net(3, 3, 8);
    const middle = middles[name]!(net, net.conv('x', 20));
    await expectSame(net.classify(net.conv(middle, 17, { bias: true })));
  });

  it.each(Object.keys(sketches))('sketch: %s', async (name) => {
    await expectSame(withBatch(sketches[name]!.build(), name.startsWith('reshape') ? 1 : 9));
  });

  it.each([...families.keys()])('family: %s', async (name) => {
    await expectSame(families.get(name)!.graph());
  });

  it('has a network of every family', () =>
    expect([...new Set([...families.values()].map(({ family }) => family))]).toEqual(models.map(({ name }) => name)));

  const layer = fc.record({
    depthwise: fc.boolean(),
    channels: fc.constantFrom(1, 3, 5, 8, 12, 13, 16, 17, 24, 32),
    kernel: fc.constantFrom(1, 2, 3, 5),
    stride: fc.constantFrom(1, 1, 2, 3),
    pad: fc.integer({ min: 0, max: 2 }),
    norm: fc.boolean(),
  });
  const networks = fc.record({
    batch: fc.constantFrom(1, 3, 8, 12, 17, 32),
    channels: fc.constantFrom(1, 3, 8, 16, 20),
    height: fc.integer({ min: 5, max: 12 }),
    width: fc.integer({ min: 5, max: 12 }),
    layers: fc.array(layer, { minLength: 1, maxLength: 3 }),
  });

  it('for convolutions of any width, batch, window and stride', async () => {
    await fc.assert(
      fc.asyncProperty(networks, ({ batch, channels, height, width, layers }) => {
        const net = new Net(batch, channels, height, width);
        let x = 'x';
        for (const { depthwise, channels: wanted, kernel, stride, pad, norm } of layers) {
          const [, c, h, w] = net.b.shape(x) as [number, number, number, number];
          if (Math.min(h, w) + 2 * pad < kernel) continue;
          x = net.conv(x, depthwise ? c : wanted, { kernel, stride, pad, group: depthwise ? c : 1 });
          if (norm) x = net.norm(x);
        }
        return x === 'x' ? Promise.resolve() : expectSame(net.classify(x));
      }),
      { numRuns: 30, seed: 5 },
    );
  });

  it('bitwise equal for any number of threads', async () => {
    const net = new Net(16, 3, 12);
    const x = net.b.op('Relu', [net.norm(net.conv('x', 32))]);
    const y = net.b.op('Relu', [net.norm(net.conv(net.conv(x, 32, { group: 32, stride: 2 }), 48))]);
    const model = net.classify(net.conv(y, 32, { stride: 2 }));
    const [one, two, eight] = [
      await stepGradients(model, lowering),
      await stepGradients(model, lowering, 2),
      await stepGradients(model, lowering, 8),
    ];
    expect(two).toEqual(one);
    expect(eight).toEqual(one);
  });
});

describe('the blocked lowering', () => {
  it('keeps activations blocked from the first layer to the last', () => {
    const net = new Net(16, 3, 8);
    const x = net.b.op('Relu', [net.norm(net.conv('x', 16))]);
    const y = net.b.op('Relu', [net.b.op('Add', [net.norm(net.conv(x, 16)), x])]);
    const step = buildTrainStep(net.classify(net.b.op('GlobalAveragePool', [net.norm(net.conv(y, 32, { stride: 2 }))])), {
      optimizer: { name: 'sgd', momentum: 0, nesterov: false },
      weightDecay: 0,
      batchNormMomentum: 0.9,
    });
    const nodes = lower(step.graph, 'blocked16').nodes;
    expect(nodes.filter(({ op }) => op === 'ReorderInput' || op === 'ReorderOutput')).toEqual([]);
    expect(nodes.filter(({ domain, op }) => domain === '' && (op === 'Conv' || op === 'Relu'))).toEqual([]);
  });
});
