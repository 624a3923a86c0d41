import { describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../../src/core/candidate.ts';
import { exit } from '../../../src/network/compress/exit.ts';
import { canonicalPlan, finalize, planKey, rewrite, trainingOf } from '../../../src/network/compress/recipe.ts';
import { withSession } from '../../../src/network/engine/session.ts';
import { train } from '../../../src/network/engine/train.ts';
import { waysOf } from '../../../src/network/engine/ways.ts';
import { bodiesOf } from '../../../src/network/ir/bodies.ts';
import { encode } from '../../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { macs } from '../../../src/network/ir/macs.ts';
import { foldBatchNorm } from '../../../src/network/ir/passes/fold-batchnorm.ts';
import { decisionRates, expectedMacs } from '../../../src/network/ir/ways.ts';
import { finished, noPlan, rewritten, runOnnx } from '../../fixtures/compression.ts';
import { images, trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { quiet, recipe, stripes, tinyResnet } from '../engine/helpers.ts';

const resnet = trainedResnet({ blocks: [2, 1], widths: [4, 6] }, [1, 6, 6]);
const plan = (settings: Record<string, Record<string, string | number>>, others: Plan['techniques'] = {}): Plan => ({
  recipe: {},
  techniques: { ...others, exit: settings },
});
const first = 'stage1.block1.conv1';
const second = 'stage1.block2.conv1';

describe('places to leave', () => {
  const sites = (graph: Graph) => exit.sites(graph).map(({ layers }) => layers.join(' '));

  it('are behind the stem and every block of a ResNet but the last', () => {
    const blocks = ['stage1.block1', 'stage1.block2'].map((block) => `${block}.conv1 ${block}.conv2`);
    expect(sites(resnet)).toEqual(['stem', ...blocks]);
  });

  it('are behind every layer of a MobileNet but the last two, and behind blocks with a shortcut', () => {
    expect(sites(trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6] }, [1, 6, 6]))).toEqual([
      'stem',
      'block1.depthwise',
      'block1.pointwise',
      'block2.depthwise',
    ]);
    const inverted = trainedModel({ family: 'mobilenet', stem: 4, widths: [4, 6], expansion: 2 }, [1, 6, 6]);
    expect(sites(inverted)[1]).toBe('block1.expand block1.depthwise block1.project');
  });
});

/** Outputs of a file for images together. */
function answers(graph: Graph, x: Float32Array): Promise<readonly Float32Array[]> {
  return withSession(encode(graph, { symbolicBatch: 'N' }), {}, async (session) => {
    const results = await session.run({ x: { dtype: 'float32', shape: [x.length / 36, 1, 6, 6], data: x } });
    return session.outputs.map((output) => results[output]!.data as Float32Array);
  });
}

/** Logits for every image on its own. */
async function alone(graph: Graph, x: Float32Array): Promise<number[][]> {
  const rows: number[][] = [];
  for (let i = 0; i < x.length; i += 36) rows.push([...(await answers(graph, x.subarray(i, i + 36)))[0]!]);
  return rows;
}

const rowsOf = (flat: Float32Array, width: number) =>
  Array.from({ length: flat.length / width }, (_, i) => [...flat.subarray(i * width, (i + 1) * width)]);

const confidence = (logits: readonly number[]) => {
  const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return Math.max(...powers) / powers.reduce((sum, power) => sum + power, 0);
};

function expectRows(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  found.forEach((row, i) => {
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(wanted[i]![j]!, 4);
    });
  });
}

describe('a network with exits', () => {
  const count = 24;
  const x = images({ ...resnet, inputs: [{ name: 'x', type: { dtype: 'float32', shape: [count, 1, 6, 6] } }] }, 'exit');

  it.each(['confidence', 'learned'])(
    'answers image by image as the exit does that is sure (%s), else as it ever did',
    async (gate) => {
      const settings = { [first]: { threshold: 0.6, gate }, [second]: { threshold: 0.5, gate: 'confidence' } };
      const open = rewrite(resnet, plan(settings));
      const all = await answers(foldBatchNorm(open), x);
      const values = Object.fromEntries(open.outputs.map((name, i) => [name, all[i]!]));
      const [last, early, middle] = ['logits', `${first}.head`, `${second}.head`].map((name) => rowsOf(values[name]!, 5));
      const certainty = values[`${first}.certainty`];
      const sure = (i: number) => (gate === 'learned' ? 1 / (1 + Math.exp(-certainty![i]!)) : confidence(early![i]!)) > 0.6;
      const chosen = last!.map((row, i) => (sure(i) ? early![i]! : confidence(middle![i]!) > 0.5 ? middle![i]! : row));
      const file = finalize(open, plan(settings), {});
      expectRows(await alone(file, x), chosen);
      expect(new Set(chosen.map((row, i) => [early![i], middle![i], last![i]].indexOf(row))).size).toBeGreaterThan(1);
    },
  );

  it('leaves in a batch where all of its images would', async () => {
    const open = rewrite(resnet, plan({ [first]: { threshold: 0.6 } }));
    const all = await answers(foldBatchNorm(open), x);
    const early = rowsOf(all[1]!, 5);
    const least = Math.min(...early.map(confidence));
    for (const threshold of [least - 1e-3, least + 1e-3]) {
      const [together] = await answers(finalize(open, plan({ [first]: { threshold } }), {}), x);
      expectRows(rowsOf(together!, 5), rowsOf(all[threshold < least ? 1 : 0]!, 5));
    }
  });

  it('counts what its dearest way takes, and every way on its own', async () => {
    const settings = { [first]: { threshold: 0.5 } };
    const file = finalize(rewrite(resnet, plan(settings)), plan(settings), {});
    const { byNode } = macs(file);
    const head = byNode[`${first}.head`]!;
    expect(macs(file).total).toBe(macs(finalize(resnet, noPlan, {})).total + head);
    const dataset = { ...stripes(40), shape: [1, 6, 6] as const };
    const split = { ...dataset.train, images: dataset.train.images.subarray(0, 40 * 36) };
    const ways = await waysOf(file, { ...dataset, split }, quiet);
    const [rate] = decisionRates(file, ways);
    expect(rate).toMatchObject({ name: `${first}.exit`, reached: 1 });
    const early = byNode['stem']! + byNode[first]! + byNode['stage1.block1.conv2']! + head;
    expect(expectedMacs(ways)).toBeCloseTo(rate!.taken * early + (1 - rate!.taken) * macs(file).total, 6);
    expect(new Set(ways.flatMap((way) => way.images)).size).toBe(40);
  });

  it('keeps the integer kernels of what moves into a branch', async () => {
    const everywhere = Object.fromEntries(
      ['stem', first, 'stage1.block1.conv2', second, 'stage1.block2.conv2'].map((name) => [name, { bits: 8 }]),
    );
    const both = plan({ [first]: { threshold: 0.999999 } }, { quantize: everywhere });
    const { kernels } = await runOnnx(await finished(rewritten(resnet, both), both));
    expect(kernels.filter((op) => op === 'QLinearConv')).toHaveLength(5);
  });

  it.each(['static', 'qat'])('runs among 8-bit layers (%s), wherever an image may leave', async (mode) => {
    const net = trainedResnet({ blocks: [2, 2], widths: [4, 6] }, [1, 8, 8]);
    const layers = layersOf(net).map(({ name }) => name);
    const quantize = Object.fromEntries(layers.map((name) => [name, { bits: 8, mode }]));
    const outputOf = async (settings: Plan) => (await runOnnx(await finished(rewritten(net, settings), settings))).output;
    const without = await outputOf(plan({}, { quantize }));
    for (const { layers: site } of exit.sites(net)) {
      const late = await outputOf(plan({ [site[0]!]: { threshold: 0.999999 } }, { quantize }));
      expectRows([[...late]], [[...without]]);
    }
  });

  it.each([1, 0.3])('unpacks weights of few bits once, those of a branch too (%f of them not 0)', async (share) => {
    const layers = ['stem', first, 'stage1.block1.conv2', second, 'stage1.block2.conv2'];
    const all = (settings: SiteSettings) => Object.fromEntries(layers.map((name) => [name, settings]));
    const packed = { quantize: all({ bits: 4, mode: 'weight-only' }), sparsify: all({ sparsity: 1 - share }) };
    const exits = { [first]: { threshold: 0.999999 } };
    const few = await runOnnx(await finished(rewritten(resnet, plan(exits, packed)), plan(exits, packed)));
    const floats = await runOnnx(await finished(rewritten(resnet, plan(exits)), plan(exits)));
    expect(new Set(few.kernels)).toEqual(new Set(floats.kernels));
  });

  it('learns: exits and gate are trained with the rest', async () => {
    const dataset = stripes(240);
    const graph = tinyResnet(dataset.shape, { widths: [4, 6, 8] });
    const settings = plan({ [first]: { threshold: 0.7, gate: 'learned' } });
    const start = rewrite(graph, settings);
    const options = {
      graph: start,
      dataset,
      recipe: recipe({ batchSize: 24, epochs: 6, learningRate: 0.1 }),
      seed: 'a',
      hooks: quiet,
    };
    const { perImage: _, ...training } = trainingOf(start, graph, settings);
    const { graph: trained } = await train({ ...options, ...training });
    const file = finalize(trained, settings, {});
    const ways = await waysOf(file, { ...dataset, split: dataset.validation }, quiet);
    expect(decisionRates(file, ways)[0]!.taken).toBeGreaterThan(0.5);
  });
});

describe('settings', () => {
  it('mean nothing where no image can leave, or the activation is coarser than the grid', () => {
    expect(planKey(resnet, plan({ [first]: { threshold: 1, gate: 'learned' } }))).toBe(planKey(resnet, noPlan));
    const coarse = plan({ [second]: { threshold: 0.9, grid: 8 } });
    expect(canonicalPlan(resnet, coarse).techniques['exit']![second]).toMatchObject({ grid: 6 });
  });

  it('vanish with their block', () => {
    const dropped = { drop: { [second]: { use: false } } };
    const both = plan({ [second]: { threshold: 0.9 } }, dropped);
    expect(planKey(resnet, both)).toBe(planKey(resnet, { recipe: {}, techniques: dropped }));
    const file = finalize(rewrite(resnet, both), both, {});
    expect(file.nodes.flatMap(bodiesOf)).toEqual([]);
  });

  it.each<[Record<string, string | number>, RegExp]>([
    [{ threshold: 1.2 }, /exit at "stage1.block1.conv1": threshold cannot be 1.2: give a number from 0 to 1/],
    [{ threshold: 0.9, weight: 0 }, /weight cannot be 0: give a number from 0.01 to 10/],
    [{ threshold: 0.9, gate: 'sure' }, /gate cannot be "sure": give one of confidence, learned/],
    [{ threshold: 0.9, grid: 1.5 }, /grid cannot be 1.5: give a whole number from 1 to 8/],
  ])('that mean nothing are refused: %j', (settings, message) => {
    expect(() => canonicalPlan(resnet, plan({ [first]: settings }))).toThrow(message);
  });

  it('are refused where no image can leave', () => {
    const last = plan({ 'stage2.block1.conv1': { threshold: 0.9 } });
    expect(() => canonicalPlan(resnet, last)).toThrow(
      /exit has no site "stage2.block1.conv1" in this model.*Known: stem, stage1/,
    );
  });
});
