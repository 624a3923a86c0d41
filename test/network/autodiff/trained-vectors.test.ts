import { describe, expect, it } from 'vitest';
import { buildTrainStep } from '../../../src/network/autodiff/train-step.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import type { Tensor } from '../../../src/network/ir/graph.ts';
import { withBatch } from '../../../src/network/ir/passes/with-batch.ts';
import { trainedVectors } from '../../../src/network/ir/trained.ts';
import { withNewWeights } from '../../../src/network/models/renew.ts';
import { relativeError } from '../../fixtures/compression.ts';
import { images, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { importedNetwork } from '../../fixtures/networks.ts';
import { distribution } from '../../fixtures/numbers.ts';

const f32 = (shape: number[], value = 0.5): Tensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});

describe('constants that are trained beside the parameters', () => {
  it('are biases of MatMul, what scales and shifts a normalization, and layer scales', () => {
    const shapes = (name: string) => {
      const graph = importedNetwork(name);
      return trainedVectors(graph).map((vector) => graph.initializers[vector]!.shape.join('×'));
    };
    const block = ['12', '12', '36', '12', '12', '12', '24', '12'];
    expect(shapes('transformer-small')).toEqual(['1×1×12', ...block, ...block, '12', '12']);
    expect(shapes('convnext-opset20')).toEqual(shapes('convnext-dynamo'));
    expect(shapes('convnext-opset20')).toContain('8×1×1');
  });

  it('are none in networks of our own', () => {
    const spec = { family: 'mobilenet', stem: 4, widths: [4, 6], activation: 'relu6' };
    for (const graph of [trainedResnet({ blocks: [1, 1], widths: [4, 6] }, [1, 6, 6]), trainedModel(spec, [1, 6, 6])])
      expect(trainedVectors(graph)).toEqual([]);
  });

  it('are neither masks, nor single factors, nor tables, nor what the input is normalised by', () => {
    const b = new Builder('net');
    const x = b.input('x', { dtype: 'float32', shape: [2, 4, 6] });
    const add = (value: string, name: string, tensor: Tensor, op = 'Add') => b.op(op, [value, b.initializer(name, tensor)]);
    const normalised = add(x, 'mean', f32([6]));
    const dense = b.op('MatMul', [normalised, b.initializer('weight', f32([6, 6]))]);
    const biased = add(dense, 'bias', f32([6]));
    const scaled = add(biased, 'factor', f32([]), 'Mul');
    const table = add(scaled, 'table', f32([4, 6]));
    const masked = add(table, 'mask', f32([6], -1e9));
    const graph = b.build([b.op('ReduceMean', [add(masked, 'scale', f32([6]), 'Mul')], { axes: [1], keepdims: 0 })]);
    expect(trainedVectors(graph)).toEqual(['bias', 'scale']);
  });

  it.each(['transformer-small', 'convnext-opset20', 'vision-opset17'])('have the gradients that differences show: %s', (name) => {
    const graph = withBatch(importedNetwork(name), 2);
    const step = buildTrainStep(graph, {
      optimizer: { name: 'sgd', momentum: 0, nesterov: false },
      weightDecay: 0,
      batchNormMomentum: 0.9,
    });
    const slots = step.parameters.filter((slot) => trainedVectors(graph).includes(slot.name));
    expect(slots.length).toBeGreaterThan(3);
    const theta = step.parameters.flatMap((slot) => Array.from(graph.initializers[slot.name]!.data, Number));
    const states = step.states.flatMap((slot) => Array.from(graph.initializers[slot.name]!.data, Number));
    const classes = graph.types[graph.outputs[0]!]!.shape[1]!;
    const feeds = {
      [graph.inputs[0]!.name]: images(graph, name),
      target: Array.from(distribution(2, classes).data, Number),
      lr: [1],
      step: [1],
      ...(states.length > 0 ? { states } : {}),
    };
    const run = (values: readonly number[]) => interpret(step.graph, { ...feeds, theta: [...values] });
    const next = run(theta)['theta.next']!.data;
    const at = (i: number, change: number) => run(theta.with(i, theta[i]! + change))['loss']!.data[0]!;
    for (const { offset, size } of slots) {
      const places = [0, size - 1].map((i) => offset + i);
      const differences = places.map((i) => (at(i, 1e-5) - at(i, -1e-5)) / 2e-5);
      expect(
        relativeError(
          places.map((i) => theta[i]! - next[i]!),
          differences,
        ),
      ).toBeLessThan(1e-5);
    }
  });

  it('begin as if they were not there in a network with new weights', () => {
    const graph = importedNetwork('transformer-small');
    const renewed = withNewWeights(graph, 's');
    const values = new Set(trainedVectors(graph).flatMap((name) => [...renewed.initializers[name]!.data].map(Number)));
    expect(values).toEqual(new Set([0, 1]));
  });
});
