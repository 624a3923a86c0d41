import { describe, expect, it } from 'vitest';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { buildModel, type ModelSpec, modelSpecSchema } from '../../../src/network/models/index.ts';

const spec = (rest: Record<string, unknown> = {}): ModelSpec => modelSpecSchema.parse({ family: 'mobilenet', ...rest });
const target = { shape: [3, 32, 32], classes: 10, batch: 2, seed: 's' } as const;
const shapeAt = (chosen: ModelSpec, value: string) => buildModel(chosen, target).types[value]!.shape.slice(1);

describe('the specification', () => {
  it.each([
    [{ strides: [1, 2] }, 'strides: strides lists 2 blocks, widths 6: give both the same length'],
    [{ widths: [8], strides: [3] }, 'strides.0'],
    [{ widths: [] }, 'widths'],
    [{ expansion: 0 }, 'expansion'],
    [{ activation: 'gelu' }, 'activation'],
    [{ depth: 8 }, 'depth'],
  ])('refuses %j', (rest, message) => {
    const result = modelSpecSchema.safeParse({ family: 'mobilenet', ...rest });
    const issues = (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    expect(issues.join('\n')).toContain(message);
  });
});

describe('the network', () => {
  it('is made of depthwise and pointwise convolutions', () => {
    const graph = buildModel(spec({ widths: [32, 64] }), target);
    expect(layersOf(graph).map(({ name, weight }) => [name, graph.types[weight]!.shape])).toEqual([
      ['stem', [32, 3, 3, 3]],
      ['block1.depthwise', [32, 1, 3, 3]],
      ['block1.pointwise', [32, 32, 1, 1]],
      ['block2.depthwise', [32, 1, 3, 3]],
      ['block2.pointwise', [64, 32, 1, 1]],
      ['dense', [10, 64]],
    ]);
  });

  it('halves the image where it widens, or where it is told to', () => {
    expect(shapeAt(spec(), 'block6.pointwise')).toEqual([128, 8, 8]);
    expect(shapeAt(spec({ widths: [16, 64], strides: [2, 1], stemStride: 2 }), 'block2.pointwise')).toEqual([64, 8, 8]);
  });

  it('adds the input of an inverted residual where its shape stays', () => {
    const graph = buildModel(spec({ stem: 8, widths: [8, 16, 16], expansion: 6, activation: 'relu6' }), target);
    expect(graph.nodes.filter(({ op }) => op === 'Add').map(({ name }) => name)).toEqual(['block1.add', 'block3.add']);
    expect(graph.types['block2.expand']!.shape).toEqual([2, 48, 32, 32]);
    expect(graph.nodes.filter(({ op }) => op === 'Relu')).toEqual([]);
  });

  it.each([spec(), spec({ expansion: 1 }), spec({ widths: [5], stem: 3 })])('is a valid graph: %j', (chosen) => {
    const graph = buildModel(chosen, target);
    verify(graph);
    expect(graph.types['logits']).toEqual({ dtype: 'float32', shape: [2, 10] });
  });
});
