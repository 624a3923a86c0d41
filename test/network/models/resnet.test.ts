import { describe, expect, it } from 'vitest';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { buildModel, type ModelSpec, modelSpecSchema, models } from '../../../src/network/models/index.ts';

const spec = (rest: Record<string, unknown> = {}): ModelSpec => modelSpecSchema.parse({ family: 'resnet', ...rest });
const target = { shape: [1, 28, 28], classes: 10, batch: 2, seed: 's' } as const;

/** What the parser says is wrong: path and message of every issue. */
function issues(value: unknown): string[] {
  const result = modelSpecSchema.safeParse(value);
  return (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

describe('the specification', () => {
  it('fills in the published network', () => {
    expect(spec()).toEqual({ family: 'resnet', widths: [16, 32, 64], stemStride: 1 });
  });

  it.each([
    [{ family: 'resnet', depth: 10 }, 'depth 10 does not give 3 equal stages: take 8, 14, 20'],
    [{ family: 'resnet', depth: 2 }, 'take 8, 14, 20'],
    [{ family: 'resnet', blocks: [1, 1] }, 'blocks lists 2 stages, widths 3'],
    [{ family: 'resnet', depth: 20, blocks: [1, 1, 1] }, 'depth 20 contradicts blocks [1, 1, 1], which make depth 8'],
    [{ family: 'resnet', widths: [] }, 'widths'],
    [{ family: 'resnet', stemStride: 3 }, 'stemStride'],
    [{ family: 'resnet', dept: 20 }, 'dept'],
    [{ family: 'resnext' }, 'family'],
  ])('refuses %j', (value, message) => {
    expect(issues(value).join('\n')).toContain(message);
  });

  it('accepts depth and blocks that agree', () => {
    expect(issues({ family: 'resnet', depth: 14, blocks: [2, 2, 2] })).toEqual([]);
  });

  it('lists every family', () => {
    expect(models.map(({ name }) => name)).toEqual(
      modelSpecSchema.options.flatMap(({ shape: { family } }) => [...family._zod.values]),
    );
  });
});

describe('the network', () => {
  it('has the parameters of the paper at depth 20 on 32×32×3', () => {
    const graph = buildModel(spec({ depth: 20 }), { ...target, shape: [3, 32, 32] });
    const weights = layersOf(graph).reduce((sum, { weight }) => sum + graph.initializers[weight]!.data.length, 0);
    // 0.27 M in the paper with parameter-free shortcuts; the two projections add 16·32 and 32·64.
    expect(weights).toBe(432 + 6 * 2304 + 4608 + 5 * 9216 + 18432 + 5 * 36864 + 512 + 2048 + 640);
  });

  it('names its layers in the order in which they run', () => {
    expect(layersOf(buildModel(spec({ depth: 8 }), target)).map(({ name }) => name)).toEqual([
      'stem',
      'stage1.block1.conv1',
      'stage1.block1.conv2',
      'stage2.block1.conv1',
      'stage2.block1.conv2',
      'stage2.block1.shortcut',
      'stage3.block1.conv1',
      'stage3.block1.conv2',
      'stage3.block1.shortcut',
      'dense',
    ]);
  });

  it.each([
    spec({ depth: 14 }),
    spec({ blocks: [1, 2], widths: [8, 12] }),
    spec({ depth: 8, stemStride: 2 }),
    spec({ blocks: [3], widths: [5] }),
  ])('is a valid graph: %j', (chosen) => {
    const graph = buildModel(chosen, target);
    verify(graph);
    expect(graph.inputs).toEqual([{ name: 'x', type: { dtype: 'float32', shape: [2, 1, 28, 28] } }]);
    expect(graph.outputs).toEqual(['logits']);
    expect(graph.types['logits']).toEqual({ dtype: 'float32', shape: [2, 10] });
  });

  it('halves the image where it says so', () => {
    const shapeAt = (stemStride: number, value: string) =>
      buildModel(spec({ depth: 8, stemStride }), target).types[value]!.shape.slice(1);
    expect(shapeAt(1, 'stem')).toEqual([16, 28, 28]);
    expect(shapeAt(2, 'stem')).toEqual([16, 14, 14]);
    expect(shapeAt(1, 'stage3.block1.relu')).toEqual([64, 7, 7]);
  });

  it('draws its weights from the seed alone, with the variance of He et al.', () => {
    const build = (seed: string) => buildModel(spec({ depth: 8 }), { ...target, seed }).initializers;
    expect(build('a')).toEqual(build('a'));
    expect(build('a')['stem.weight']).not.toEqual(build('b')['stem.weight']);
    const { data } = build('a')['stage3.block1.conv2.weight']!;
    const variance = (data as Float32Array).reduce((sum, weight) => sum + weight * weight, 0) / data.length;
    expect(variance / (2 / (64 * 9))).toBeCloseTo(1, 1);
  });
});
