import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import type { OptimizerOptions } from '../../../src/network/autodiff/optimizers/index.ts';
import { trainMode } from '../../../src/network/autodiff/train-mode.ts';
import { buildTrainStep, type TrainStep, type TrainStepOptions } from '../../../src/network/autodiff/train-step.ts';
import { Builder, float } from '../../../src/network/ir/builder.ts';
import { type Graph, type Shape, tensorOf } from '../../../src/network/ir/graph.ts';
import { print } from '../../../src/network/ir/print.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { distribution, expectClose } from '../../fixtures/numbers.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;

/** Normal numbers, rounded to float32 as the graph holds them. */
function draw(name: string, size: number, scale = 1, shift = 0): number[] {
  const rng = createRng('train-step', name);
  return Array.from({ length: size }, () => Math.fround(shift + scale * rng.normal()));
}

/** A residual block as a whole model: conv-bn-relu-conv-bn, a projected shortcut, relu, pooling, a dense layer. */
function block(): Graph {
  const b = new Builder('block');
  const weight = (name: string, ...shape: number[]) =>
    b.initializer(
      name,
      tensorOf(
        'float32',
        shape,
        draw(
          name,
          shape.reduce((x, y) => x * y),
          0.5,
        ),
      ),
    );
  const convBn = (name: string, x: string, w: Shape, attributes: Record<string, number[]>) => {
    const y = b.op('Conv', [x, weight(`${name}.weight`, ...w)], attributes, { name });
    const vectors = [1, 0, 0, 1].map((value, i) => {
      const part = ['scale', 'bias', 'mean', 'var'][i]!;
      return b.initializer(`${name}.bn.${part}`, tensorOf('float32', [w[0]!], draw(`${name}.${part}`, w[0]!, 0.1, value)));
    });
    return b.op('BatchNormalization', [y, ...vectors], { epsilon: float(1e-3) }, { name: `${name}.bn` });
  };
  const x = b.input('x', f32(3, 2, 4, 4));
  const first = b.op('Relu', [convBn('conv1', x, [2, 2, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] })]);
  const second = convBn('conv2', first, [3, 2, 3, 3], { pads: [1, 1, 1, 1] });
  const sum = b.op('Add', [second, convBn('shortcut', x, [3, 2, 1, 1], { strides: [2, 2] })]);
  const features = b.op('Flatten', [b.op('GlobalAveragePool', [b.op('Relu', [sum])])]);
  const bias = b.initializer('dense.bias', tensorOf('float32', [4], [0.1, -0.2, 0.3, 0]));
  return b.build([b.op('Gemm', [features, weight('dense.weight', 4, 3), bias], { transB: 1 }, { name: 'logits' })]);
}

const target = Array.from(distribution(3, 4).data, Number);
const images = (step: number) => draw(`images ${step}`, 3 * 2 * 16);

const gather = (graph: Graph, slots: TrainStep['parameters']) =>
  slots.flatMap(({ name }) => Array.from(graph.initializers[name]!.data, Number));

/** The model in training mode at theta: loss, logits and batch statistics, straight from the definition. */
function forward(graph: Graph, { parameters }: TrainStep, theta: readonly number[], x: readonly number[]) {
  const { graph: model, statistics } = trained(graph);
  const feeds = Object.fromEntries(parameters.map(({ name, offset, size }) => [name, theta.slice(offset, offset + size)]));
  const values = interpret(model, { x, ...feeds });
  const logits = values['logits']!.data;
  let loss = 0;
  for (let row = 0; row < 3; row++) {
    const scores = Array.from(logits.slice(4 * row, 4 * row + 4));
    const logSum = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
    for (let k = 0; k < 4; k++) loss += (target[4 * row + k]! * (logSum - scores[k]!)) / 3;
  }
  return { loss, logits, values, statistics };
}

/** Built once per graph: the interpreter keeps what it knows by node. */
const modes = new WeakMap<Graph, ReturnType<typeof trainMode>>();
function trained(graph: Graph): ReturnType<typeof trainMode> {
  const mode = modes.get(graph) ?? trainMode(graph);
  modes.set(graph, mode);
  return mode;
}

function lossGradient(graph: Graph, step: TrainStep, theta: readonly number[], x: readonly number[]): number[] {
  const at = (i: number, change: number) => forward(graph, step, theta.with(i, theta[i]! + change), x).loss;
  return theta.map((_, i) => (at(i, 1e-5) - at(i, -1e-5)) / 2e-5);
}

interface State {
  readonly theta: number[];
  readonly vectors: Record<string, number[]>;
}

const [lr, weightDecay] = [0.1, 0.25];

/** SGD and AdamW in plain numbers, as their papers and PyTorch's manual write them. */
function expectedUpdate(
  options: OptimizerOptions,
  { theta, vectors }: State,
  gradient: number[],
  decays: boolean[],
  t: number,
): State {
  const decay = (i: number) => (decays[i] ? weightDecay * theta[i]! : 0);
  if (options.name === 'sgd') {
    const g = gradient.map((value, i) => value + decay(i));
    const momentum = g.map((value, i) => options.momentum * (vectors['momentum']?.[i] ?? 0) + value);
    const direction = options.nesterov ? g.map((value, i) => value + options.momentum * momentum[i]!) : momentum;
    return { theta: theta.map((value, i) => value - lr * direction[i]!), vectors: options.momentum === 0 ? {} : { momentum } };
  }
  const { beta1, beta2, epsilon } = options;
  const m = gradient.map((g, i) => beta1 * vectors['m']![i]! + (1 - beta1) * g);
  const v = gradient.map((g, i) => beta2 * vectors['v']![i]! + (1 - beta2) * g * g);
  const update = (i: number) => m[i]! / (1 - beta1 ** t) / (Math.sqrt(v[i]! / (1 - beta2 ** t)) + epsilon);
  return { theta: theta.map((value, i) => value - lr * decay(i) - lr * update(i)), vectors: { m, v } };
}

const run = (step: TrainStep, { theta, vectors }: State, states: number[], x: number[], t: number) =>
  interpret(step.graph, { x, target, lr: [lr], step: [t], theta, states, ...vectors });

const build = (graph: Graph, optimizer: OptimizerOptions, more: Partial<TrainStepOptions> = {}) =>
  buildTrainStep(graph, { optimizer, weightDecay, batchNormMomentum: 0.75, ...more });

describe('train step', () => {
  const graph = block();

  it.each<[string, OptimizerOptions]>([
    ['sgd', { name: 'sgd', momentum: 0, nesterov: false }],
    ['sgd with momentum', { name: 'sgd', momentum: 0.75, nesterov: false }],
    ['sgd with Nesterov momentum', { name: 'sgd', momentum: 0.75, nesterov: true }],
    ['adamw', { name: 'adamw', beta1: 0.75, beta2: 0.875, epsilon: 1e-3 }],
  ])('%s does what the definition says, three steps in a row', (_, options) => {
    const step = build(graph, options);
    verify(step.graph);
    const decays = step.parameters.flatMap((slot) => Array.from({ length: slot.size }, () => slot.decay));
    let states = gather(graph, step.states);
    let state: State = {
      theta: gather(graph, step.parameters),
      vectors: Object.fromEntries(step.optimizerStates.map((name) => [name, decays.map(() => 0)])),
    };
    for (const t of [1, 2, 3]) {
      const x = images(t);
      const found = run(step, state, states, x, t);
      const reference = forward(graph, step, state.theta, x);
      expectClose(found['loss']!.data, [reference.loss], 1e-9, 'loss');
      state = expectedUpdate(options, state, lossGradient(graph, step, state.theta, x), decays, t);
      expectClose(found['theta.next']!.data, state.theta, 1e-6, `theta after step ${t}`);
      for (const [name, vector] of Object.entries(state.vectors)) expectClose(found[`${name}.next`]!.data, vector, 1e-6, name);
      states = runningStatistics(reference, states);
      expectClose(found['states.next']!.data, states, 1e-6, `states after step ${t}`);
    }
  });

  /** 3/4 of the old, 1/4 of the batch's, the variance unbiased: every BatchNormalization sees 3 · 2 · 2 numbers. */
  function runningStatistics({ values, statistics }: ReturnType<typeof forward>, states: number[]): number[] {
    const batch = statistics.flatMap(({ batchMean, batchVar }) => [
      ...values[batchMean]!.data,
      ...values[batchVar]!.data.map((variance) => (variance * 12) / 11),
    ]);
    return states.map((old, i) => 0.75 * old + 0.25 * batch[i]!);
  }

  it('lays parameters out with the decayed ones first, and states by layer', () => {
    const { parameters, states, optimizerStates } = build(graph, { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    expect(parameters.map(({ name, offset, size, decay }) => [name, offset, size, decay])).toEqual([
      ['conv1.weight', 0, 36, true],
      ['conv2.weight', 36, 54, true],
      ['shortcut.weight', 90, 6, true],
      ['dense.weight', 96, 12, true],
      ['conv1.bn.scale', 108, 2, false],
      ['conv1.bn.bias', 110, 2, false],
      ['conv2.bn.scale', 112, 3, false],
      ['conv2.bn.bias', 115, 3, false],
      ['shortcut.bn.scale', 118, 3, false],
      ['shortcut.bn.bias', 121, 3, false],
      ['dense.bias', 124, 4, false],
    ]);
    expect(states.map(({ name, offset }) => [name, offset])).toEqual([
      ['conv1.bn.mean', 0],
      ['conv1.bn.var', 2],
      ['conv2.bn.mean', 4],
      ['conv2.bn.var', 7],
      ['shortcut.bn.mean', 10],
      ['shortcut.bn.var', 13],
    ]);
    expect(optimizerStates).toEqual(['m', 'v']);
  });

  it('counts the samples whose class it gets right', () => {
    const step = build(graph, { name: 'sgd', momentum: 0, nesterov: false });
    const theta = gather(graph, step.parameters);
    const { logits } = forward(graph, step, theta, images(1));
    const best = (row: ArrayLike<number>) => Array.from(row).indexOf(Math.max(...Array.from(row)));
    const hits = [0, 1, 2].filter((row) => best(logits.slice(4 * row, 4 * row + 4)) === best(target.slice(4 * row, 4 * row + 4)));
    const values = run(step, { theta, vectors: {} }, gather(graph, step.states), images(1), 1);
    expect([...values['correct']!.data]).toEqual([hits.length]);
  });

  it('takes another loss, with inputs of its own', () => {
    const options: OptimizerOptions = { name: 'sgd', momentum: 0, nesterov: false };
    const distance = build(graph, options, {
      weightDecay: 0,
      loss: (b, logits) => {
        const difference = b.op('Sub', [logits, b.input('teacher', f32(3, 4))]);
        return b.op('ReduceSum', [b.op('Mul', [difference, difference])], { keepdims: 0 });
      },
    });
    verify(distance.graph);
    expect(distance.graph.inputs.map(({ name }) => name)).toEqual(['x', 'target', 'lr', 'step', 'theta', 'states', 'teacher']);
    const theta = gather(graph, distance.parameters);
    const { logits } = forward(graph, distance, theta, images(1));
    const feeds = { x: images(1), target, lr: [1], step: [1], theta, states: gather(graph, distance.states) };
    // At the teacher's own logits nothing is left to learn.
    const values = interpret(distance.graph, { ...feeds, teacher: [...logits] });
    expectClose(values['loss']!.data, [0], 1e-12, 'loss');
    expectClose(values['theta.next']!.data, theta, 1e-12, 'theta');
    const moved = interpret(distance.graph, { ...feeds, teacher: [...logits].map((value) => value + 1) });
    expectClose(moved['loss']!.data, [12], 1e-9, 'loss');
    const bias = distance.parameters.find(({ name }) => name === 'dense.bias')!;
    // d/dbias of Σ (logits − teacher)² = −2 per sample.
    expectClose(
      moved['theta.next']!.data.slice(bias.offset),
      theta.slice(bias.offset).map((value) => value + 6),
      1e-9,
      'bias',
    );
  });

  it('has no states without BatchNormalization, and keeps constants that nobody trains', () => {
    const b = new Builder('dense');
    const scaled = b.op('Mul', [b.input('x', f32(2, 3)), b.scalar(0.5)]);
    const w = b.initializer('w', tensorOf('float32', [3, 4], draw('w', 12)));
    const step = build(b.build([b.op('MatMul', [scaled, w], {}, { name: 'logits' })]), {
      name: 'sgd',
      momentum: 0.5,
      nesterov: false,
    });
    verify(step.graph);
    expect(step.states).toEqual([]);
    expect(step.graph.outputs).toEqual(['loss', 'correct', 'theta.next', 'momentum.next']);
    expect(print(step.graph)).toMatchInlineSnapshot(`
      "dense.train(%x: f32[2,3], %target: f32[2,4], %lr: f32[], %step: f32[], %theta: f32[12], %momentum: f32[12]) {
        const %const0: f32[] = [0.5]
        const %theta.sizes: i64[1] = [12]
        const %w.shape: i64[2] = [3, 4]
        const %const0_2: i64[1] = [0]
        const %const1: f32[] = [1]
        const %const2: f32[] = [0.5]
        const %const3: i64[1] = [12]
        const %const4: f32[] = [0.25]
        %w.flat: f32[12] = Split(%theta, %theta.sizes) {axis=0}
        %w: f32[3,4] = Reshape(%w.flat, %w.shape)
        %Mul: f32[2,3] = Mul(%x, %const0)
        %logits: f32[2,4] = MatMul(%Mul, %w)
        %loss: f32[], %logProbs: f32[2,4] = espalier.SoftmaxCrossEntropy(%logits, %target)
        %ArgMax: i64[2] = ArgMax(%logits) {axis=1, keepdims=0}
        %ArgMax_2: i64[2] = ArgMax(%target) {axis=1, keepdims=0}
        %Equal: bool[2] = Equal(%ArgMax, %ArgMax_2)
        %Cast: f32[2] = Cast(%Equal) {to=1}
        %correct: f32[] = ReduceSum(%Cast, %const0_2) {keepdims=0}
        %crossEntropy.grad/Exp: f32[2,4] = Exp(%logProbs)
        %crossEntropy.grad/Sub: f32[2,4] = Sub(%crossEntropy.grad/Exp, %target)
        %crossEntropy.grad/Mul: f32[] = Mul(%const1, %const2)
        %logits.grad: f32[2,4] = Mul(%crossEntropy.grad/Sub, %crossEntropy.grad/Mul)
        %w.grad: f32[3,4] = Gemm(%Mul, %logits.grad) {transA=1, transB=0, alpha=1}
        %w.grad.flat: f32[12] = Reshape(%w.grad, %const3)
        %theta.grad: f32[12] = Concat(%w.grad.flat) {axis=0}
        %Slice: f32[12] = Slice(%theta, %const0_2, %const3, %const0_2)
        %Mul_2: f32[12] = Mul(%Slice, %const4)
        %Add: f32[12] = Add(%theta.grad, %Mul_2)
        %Mul_3: f32[12] = Mul(%momentum, %const2)
        %momentum.next: f32[12] = Add(%Mul_3, %Add)
        %Mul_4: f32[12] = Mul(%momentum.next, %lr)
        %theta.next: f32[12] = Sub(%theta, %Mul_4)
        return %loss, %correct, %theta.next, %momentum.next
      }"
    `);
  });

  it('refuses a model without logits or parameters, and an unknown optimizer', () => {
    const b = new Builder('g');
    const x = b.input('x', f32(2, 3));
    const sgd: OptimizerOptions = { name: 'sgd', momentum: 0, nesterov: false };
    expect(() => build(b.build([b.op('Relu', [x])]), sgd)).toThrow(/no parameters to train/);
    const w = b.initializer('w', tensorOf('float32', [3, 4], draw('w', 12)));
    const rows = b.op('MatMul', [x, w]);
    expect(() => build(b.build([b.op('Reshape', [rows, b.ints([2, 2, 2])])]), sgd)).toThrow(/no logits \[N, K\]/);
    expect(() => build(b.build([rows]), { ...sgd, name: 'sdg' as 'sgd' })).toThrow('Did you mean "sgd"?');
  });
});

describe('trainMode', () => {
  it('normalizes by the batch, and names its statistics', () => {
    const { graph, statistics } = trainMode(block());
    verify(graph);
    expect(statistics).toContainEqual({
      runningMean: 'conv1.bn.mean',
      runningVar: 'conv1.bn.var',
      batchMean: 'conv1.bn.batchMean',
      batchVar: 'conv1.bn.batchVar',
      count: 12,
    });
    expect(
      print(graph)
        .split('\n')
        .find((line) => line.includes('%conv1.bn:')),
    ).toMatchInlineSnapshot(
      `"  %conv1.bn: f32[3,2,2,2], %conv1.bn.batchMean: f32[2], %conv1.bn.batchVar: f32[2] = espalier.BatchNormTrain(%conv1, %conv1.bn.scale, %conv1.bn.bias) {epsilon=0.0010000000474974513}"`,
    );
    expect(Object.keys(graph.initializers)).not.toContain('conv1.bn.mean');
  });
});
