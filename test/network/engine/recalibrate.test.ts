import { expect, it } from 'vitest';
import { recalibrateBatchNorm } from '../../../src/network/engine/recalibrate.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { classify, conv3, images, norm, sketch, trainedResnet } from '../../fixtures/graphs.ts';
import { interpret } from '../../fixtures/interpreter.ts';

const batch = (graph: Graph) => ({ x: images(graph, 'adapt'), count: graph.inputs[0]!.type.shape[0]! });

it('takes the statistics of every BatchNormalization from the batch, and nothing else', async () => {
  const { b, x } = sketch();
  const graph = classify(b, norm(b, conv3(b, x, 'conv', 5), 'bn'));
  const adapted = await recalibrateBatchNorm(graph, batch(graph));
  const conv = interpret({ ...graph, outputs: ['conv'] }, { x: Float64Array.from(batch(graph).x) })['conv']!.data;
  const places = conv.length / 5;
  for (let c = 0; c < 5; c++) {
    const values = Array.from({ length: places }, (_, i) => conv[c * places + i]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / places;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (places - 1);
    expect(adapted.initializers['bn.mean']!.data[c]).toBeCloseTo(mean, 4);
    expect(adapted.initializers['bn.var']!.data[c]).toBeCloseTo(variance, 3);
  }
  const taken = (name: string) => name === 'bn.mean' || name === 'bn.var';
  for (const [name, tensor] of Object.entries(adapted.initializers))
    if (!taken(name)) expect(tensor).toBe(graph.initializers[name]);
});

it('works layer after layer at any batch size, and leaves a network without BatchNormalization alone', async () => {
  const resnet = trainedResnet({ blocks: [1], widths: [4] }, [1, 6, 6], 3);
  const adapted = await recalibrateBatchNorm(resnet, batch(resnet));
  expect(adapted.types).toEqual(resnet.types);
  expect(await recalibrateBatchNorm(adapted, batch(resnet))).toEqual(adapted);
  const { b, x } = sketch();
  const plain = classify(b, conv3(b, x, 'conv', 5));
  expect(await recalibrateBatchNorm(plain, batch(plain))).toBe(plain);
});
