import { describe, expect, it } from 'vitest';
import { uniformPlan } from '../../../src/network/compress/anchors.ts';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { verify } from '../../../src/network/ir/verify.ts';
import { buildModel, modelSpecSchema } from '../../../src/network/models/index.ts';
import { rewritten } from '../../fixtures/compression.ts';

const build = (rest: Record<string, unknown>) =>
  buildModel(modelSpecSchema.parse({ family: 'mlp', ...rest }), { shape: [1, 4, 4], classes: 3, batch: 2, seed: 's' });
const shapes = (graph: ReturnType<typeof build>) => layersOf(graph).map(({ name, weight }) => [name, graph.types[weight]!.shape]);

describe('a perceptron', () => {
  it('is a row of dense layers', () => {
    const graph = build({ widths: [8, 6] });
    verify(graph);
    expect(shapes(graph)).toEqual([
      ['hidden1', [8, 16]],
      ['hidden2', [6, 8]],
      ['dense', [3, 6]],
    ]);
    expect(graph.types['logits']).toEqual({ dtype: 'float32', shape: [2, 3] });
  });

  it('loses whole neurons: rows of one layer, columns of the next', () => {
    const graph = build({ widths: [8, 6] });
    expect(shapes(rewritten(graph, uniformPlan(graph, { prune: { keep: 0.5 } })))).toEqual([
      ['hidden1', [4, 16]],
      ['hidden2', [3, 4]],
      ['dense', [3, 3]],
    ]);
  });

  it.each([{ widths: [] }, { widths: [0] }, { depth: 3 }])('refuses %j', (rest) => {
    expect(modelSpecSchema.safeParse({ family: 'mlp', ...rest }).success).toBe(false);
  });
});
