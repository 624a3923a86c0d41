import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { uniformPlan } from '../../../src/network/compress/anchors.ts';
import { changesTraining, finalize, planKey } from '../../../src/network/compress/recipe.ts';
import { evaluate } from '../../../src/network/engine/evaluate.ts';
import { lower } from '../../../src/network/engine/lowering/index.ts';
import { train } from '../../../src/network/engine/train.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { calibrate, finished, noPlan, relativeError, runOnnx, simulated } from '../../fixtures/compression.ts';
import { trainedResnet } from '../../fixtures/graphs.ts';
import { quiet, recipe, tinyFashion, tinyResnet } from '../engine/helpers.ts';

const resnet = trainedResnet({ depth: 8, widths: [8, 16, 16] }, [1, 10, 10], 4);
const qat = (settings: SiteSettings = {}, graph = resnet): Plan =>
  uniformPlan(graph, { quantize: { bits: 8, mode: 'qat', ...settings } });
const fakeQuants = (graph: Graph) => graph.nodes.filter(({ op }) => op.endsWith('FakeQuant'));
const runSimulation = (graph: Graph) => runOnnx(lower(foldBatchNorm(graph), 'portable'));

describe('quantization-aware training', () => {
  it.each([{ bits: 8 }, { bits: 4 }, { bits: 2 }, { bits: 8, step: 'fixed' }])(
    'is fed what the exported file will compute: %j',
    async (settings) => {
      const plan = qat(settings);
      const graph = await simulated(resnet, plan);
      const { output, kernels } = await runOnnx(finalize(graph, plan, await calibrate(graph, plan)));
      expect(kernels.filter((op) => op === 'QLinearConv')).toHaveLength(9);
      // Sums on the edge between two integers may be rounded either way.
      expect(relativeError(output, (await runSimulation(graph)).output)).toBeLessThan(0.01);
    },
  );

  it('has one quantization per value and one per weight, and asks for nothing once it is trained', async () => {
    const graph = await simulated(resnet, qat());
    // x, nine convolutions, three sums, the pooled features; ten layers' weights.
    expect(fakeQuants(graph)).toHaveLength(14 + layersOf(resnet).length);
    expect(Object.keys(await calibrate(graph, qat()))).toEqual([]);
  });

  it('trains the scales where they are learned', async () => {
    const steps = (graph: Graph) => Object.entries(graph.initializers).filter(([name]) => name.endsWith('.step'));
    const dataset = await tinyFashion(300);
    const net = tinyResnet(dataset.shape, { classes: 10 });
    for (const step of ['learned', 'fixed']) {
      const graph = await simulated(net, qat({ step }, net));
      const { graph: trained } = await train({ graph, dataset, recipe: recipe({ batchSize: 25 }), seed: 's', hooks: quiet });
      const moved = steps(trained).filter(([name, { data }]) => data.join() !== graph.initializers[name]!.data.join());
      expect(moved.length / steps(graph).length).toBe(step === 'learned' ? 1 : 0);
    }
  });

  it('gets back what few bits cost, and exports what it trained', async () => {
    const dataset = await tinyFashion(800);
    const fresh = tinyResnet(dataset.shape, { classes: 10, widths: [4, 8, 16] });
    const settings = recipe({ batchSize: 25, epochs: 4, learningRate: 0.1 });
    const { graph: dense } = await train({ graph: fresh, dataset, recipe: settings, seed: 's', hooks: quiet });
    const plan = qat({ bits: 2 }, dense);
    const tuning = recipe({ batchSize: 25, epochs: 2, learningRate: 0.02 });
    const graph = await simulated(dense, plan);
    const { graph: trained } = await train({ graph, dataset, recipe: tuning, seed: 't', hooks: quiet });
    const accuracyOf = async (net: Graph) =>
      (await evaluate(encode(net, { symbolicBatch: 'N' }), dataset, dataset.validation, quiet)).accuracy;
    const exported = await accuracyOf(finalize(trained, plan, {}));
    const afterwards = await accuracyOf(await finished(dense, uniformPlan(dense, { quantize: { bits: 2 } })));
    expect(exported).toBeGreaterThan(afterwards + 0.1);
    const simulation = await accuracyOf(lower(foldBatchNorm(trained), 'portable'));
    expect(Math.abs(exported - simulation)).toBeLessThanOrEqual(0.02);
  });

  it('mixes with layers that are quantized afterwards, or not at all', async () => {
    const plan: Plan = {
      recipe: {},
      techniques: {
        quantize: { stem: { bits: 8 }, 'stage1.block1.conv1': { bits: 4, mode: 'qat' }, dense: { bits: 8, mode: 'dynamic' } },
      },
    };
    const { output, kernels } = await runOnnx(await finished(resnet, plan));
    expect(kernels.filter((op) => op === 'QLinearConv')).toHaveLength(2);
    expect(relativeError(output, (await runOnnx(resnet)).output)).toBeLessThan(0.2);
  });

  it('asks for training, which quantization afterwards does not', () => {
    expect([changesTraining(qat()), changesTraining(qat({ mode: 'static' })), changesTraining(noPlan)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(planKey(resnet, qat({ weights: 'per-tensor', group: 8, bias: 'corrected' }))).toBe(planKey(resnet, qat()));
    expect(planKey(resnet, qat({ step: 'fixed' }))).not.toBe(planKey(resnet, qat()));
  });
});
