import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import type { OptimizerOptions } from '../../../src/network/autodiff/optimizers/index.ts';
import { buildTrainStep } from '../../../src/network/autodiff/train-step.ts';
import { lower } from '../../../src/network/engine/lowering/index.ts';
import { type Tensors, withSession } from '../../../src/network/engine/session.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { elementCount } from '../../../src/network/ir/graph.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { relativeError, tinyResnet } from './helpers.ts';

const model = tinyResnet([2, 8, 8], { batch: 4 });

/** Kinks turn rounding into another gradient (ENGINE.md, 6): without them the two must agree closely. */
const withoutRelu: Graph = {
  ...model,
  nodes: model.nodes.map((node) => (node.op === 'Relu' ? { ...node, op: 'Identity' } : node)),
};

const sgd: OptimizerOptions = { name: 'sgd', momentum: 0.9, nesterov: true };
const adamw: OptimizerOptions = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** One step by onnxruntime, and the relative error of each output against float64. */
async function errorsOf(graph: Graph, optimizer: OptimizerOptions, seed: string): Promise<Record<string, number>> {
  const step = buildTrainStep(graph, { optimizer, weightDecay: 0.01, batchNormMomentum: 0.9 });
  const lowered = lower(step.graph, 'portable');
  verify(lowered);
  const feeds = feedsOf(step.graph, seed);
  const found = await withSession(encode(lowered), {}, (session) => session.run(feeds));
  const expected = interpret(
    step.graph,
    Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)])),
  );
  const error = (name: string) => relativeError(found[name]!.data as Float32Array, expected[name]!.data);
  return Object.fromEntries(lowered.outputs.map((name) => [name, error(name)]));
}

function feedsOf(graph: Graph, seed: string): Tensors {
  const rng = createRng('train step', seed);
  const draw: Record<string, (i: number) => number> = {
    x: () => rng.normal(),
    target: (i) => [0.7, 0.2, 0.1][(i + Math.floor(i / 3)) % 3]!,
    lr: () => 0.1,
    step: () => 3,
    theta: () => 0.3 * rng.normal() + 0.1,
    v: () => rng.uniform(),
  };
  return Object.fromEntries(
    graph.inputs.map(({ name, type }) => {
      const data = Float32Array.from({ length: elementCount(type.shape) }, (_, i) => (draw[name] ?? (() => rng.normal()))(i));
      return [name, { dtype: 'float32', shape: type.shape, data }];
    }),
  );
}

describe('the whole train step on onnxruntime', () => {
  it.each([
    ['SGD with momentum', sgd],
    ['SGD', { ...sgd, momentum: 0 }],
    ['AdamW', adamw],
  ] as const)('agrees with float64: %s, no kinks', async (_, optimizer) => {
    const errors = await errorsOf(withoutRelu, optimizer, 'a');
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-5);
  });

  it('agrees with float64 with ReLU, where no sign flips', async () => {
    const seeds = ['a', 'b', 'c'];
    const errors = await Promise.all(seeds.map(async (seed) => Math.max(...Object.values(await errorsOf(model, sgd, seed)))));
    expect(Math.min(...errors)).toBeLessThan(1e-5);
  });
});
