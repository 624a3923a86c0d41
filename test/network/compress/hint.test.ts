import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { createRng } from '../../../src/core/rng.ts';
import { gradient } from '../../../src/network/autodiff/gradient.ts';
import { buildTrainStep } from '../../../src/network/autodiff/train-step.ts';
import { trainingOf } from '../../../src/network/compress/recipe.ts';
import { collectRows } from '../../../src/network/engine/findings.ts';
import { blockSize } from '../../../src/network/engine/lowering/blocked/probe.ts';
import { train } from '../../../src/network/engine/train.ts';
import { Builder } from '../../../src/network/ir/builder.ts';
import { elementCount } from '../../../src/network/ir/graph.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { withBatch } from '../../../src/network/ir/passes/with-batch.ts';
import { rewritten } from '../../fixtures/compression.ts';
import { interpret } from '../../fixtures/interpreter.ts';
import { importedNetwork } from '../../fixtures/networks.ts';
import { quiet, recipe, stripes, tinyResnet } from '../engine/helpers.ts';

const f32 = (...shape: number[]) => ({ dtype: 'float32', shape }) as const;
const hints = (settings: Record<string, number>, others: Plan['techniques'] = {}): Plan => ({
  recipe: {},
  techniques: { hint: { network: settings }, ...others },
});

/** The loss with hints of a network of `channels` channels, whose teacher has two, over planes of 4×4. */
function lossOf(channels: number, plan: Plan) {
  const network = (count: number) => {
    const b = new Builder('network');
    const features = b.op('Relu', [b.input('features', f32(3, count, 4, 4))], {}, { name: 'relu' });
    return b.build([features]);
  };
  const { objective, auxiliary } = trainingOf(network(channels), network(2), plan);
  const b = Builder.from(network(channels));
  for (const [name, tensor] of Object.entries(auxiliary)) b.initializer(name, tensor);
  const loss = objective!({ b, logits: 'relu', target: 'relu', loss: b.scalar(1) });
  return { graph: b.build([loss, gradient(b, loss, ['features'])['features']!]), auxiliary };
}

const rng = createRng('hint test');
const normal = (size: number) => Array.from({ length: size }, () => rng.normal());

describe('hints', () => {
  it('add the squared distance of the averaged features, as a part of the teacher’s size', () => {
    const { graph, auxiliary } = lossOf(2, hints({ weight: 3, grid: 2 }));
    expect(auxiliary).toEqual({});
    const [features, teacher] = [normal(3 * 2 * 16), normal(3 * 2 * 4)];
    const pooled = teacher.map((_, i) => {
      const [plane, field] = [Math.floor(i / 4), i % 4];
      const corner = plane * 16 + Math.floor(field / 2) * 8 + (field % 2) * 2;
      return [0, 1, 4, 5].reduce((sum, step) => sum + Math.max(0, features[corner + step]!) / 4, 0);
    });
    const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0);
    const expected = 1 + (3 * squares(pooled.map((value, i) => value - teacher[i]!))) / squares(teacher);
    const found = interpret(graph, { features, 'hint.4x4': teacher });
    expect(found[graph.outputs[0]!]!.data[0]).toBeCloseTo(expected, 6);
  });

  it('have the gradient that differences say, through a regressor where channels differ', () => {
    const { graph, auxiliary } = lossOf(3, hints({ weight: 3, grid: 2 }));
    expect(auxiliary['hint.4x4.regressor']!.shape).toEqual([2, 3, 1, 1]);
    const feeds = { features: normal(3 * 3 * 16), 'hint.4x4': normal(3 * 2 * 4) };
    const [loss, slope] = graph.outputs as [string, string];
    const found = interpret(graph, feeds)[slope]!.data;
    for (const place of [0, 17, 50]) {
      const at = (step: number) =>
        interpret(graph, { ...feeds, features: feeds.features.with(place, feeds.features[place]! + step) });
      const difference = (at(1e-4)[loss]!.data[0]! - at(-1e-4)[loss]!.data[0]!) / 2e-4;
      expect(found[place]).toBeCloseTo(difference, 4);
    }
  });
});

describe('training with hints', () => {
  const dataset = stripes(48);
  const baseline = tinyResnet(dataset.shape, { widths: [4, 6, 8] });
  const pruned = { prune: { stem: { keep: 0.5 }, 'stage3.block1.conv2': { keep: 0.5 } } };

  async function trained(plan: Plan, lowering: string) {
    const graph = rewritten(baseline, plan);
    const { perImage, ...training } = trainingOf(graph, baseline, plan);
    const { train: split, shape, normalization } = dataset;
    const rows = Object.entries(perImage).map(
      async ([name, { graph: source, value }]) =>
        [name, await collectRows(foldBatchNorm(source), value, { split, shape, normalization }, quiet)] as const,
    );
    const engine = { engine: 'onnxruntime', device: 'cpu', lowering } as const;
    const settings = recipe({ batchSize: 24, epochs: 3, learningRate: 0.05, warmup: 0 });
    const options = { graph, dataset, recipe: settings, seed: 'a', hooks: quiet, engine };
    return train({ ...options, ...training, perImage: Object.fromEntries(await Promise.all(rows)) });
  }

  it('leaves the network without what was trained beside it, the same on both lowerings, and nearer to its teacher', async () => {
    const plan = hints({ weight: 1, grid: 2 }, pruned);
    const { graph, curve } = await trained(plan, 'portable');
    expect(Object.keys(graph.initializers)).toEqual(Object.keys(rewritten(baseline, plan).initializers));
    expect(curve.at(-1)!.loss).toBeLessThan(curve[0]!.loss);
    const block = await blockSize();
    if (block === undefined) return;
    const blocked = await trained(plan, `blocked${block}`);
    expect(blocked.curve.at(-1)!.loss).toBeCloseTo(curve.at(-1)!.loss, 3);
  });

  it('keeps a row of channels × grid² numbers per image and resolution', () => {
    const { perImage } = trainingOf(baseline, baseline, hints({ weight: 1, grid: 2 }));
    const sizes = Object.entries(perImage).map(([name, { graph, value }]) => [name, elementCount(graph.types[value]!.shape)]);
    expect(sizes).toEqual([
      ['hint.8x8', 16],
      ['hint.4x4', 24],
      ['hint.2x2', 32],
    ]);
  });
});

/** Tokens lie beside the images, [L, N, E] or [N, L, E], and windows make several of one. */
it.each(['transformer-small', 'vision-opset17', 'swin-opset17'])(
  'hints and attention leave tokens and windows alone: %s',
  (name) => {
    const baseline = importedNetwork(name);
    for (const technique of ['hint', 'attention']) {
      const plan: Plan = { recipe: {}, techniques: { [technique]: { network: { weight: 1 } } } };
      const { perImage, objective } = trainingOf(baseline, baseline, plan);
      const shapes = Object.values(perImage).map(({ graph, value }) => graph.types[value]!.shape);
      expect(shapes.length).toBeGreaterThan(0);
      expect(shapes.map(([images]) => images)).toEqual(shapes.map(() => 1));
      const optimizer = { name: 'sgd', momentum: 0.9, nesterov: false } as const;
      const step = { optimizer, weightDecay: 0, batchNormMomentum: 0.9, objective: objective! };
      expect(() => buildTrainStep(withBatch(baseline, 3), step)).not.toThrow();
    }
  },
);
