import { describe, expect, it } from 'vitest';
import { layersOf } from '../../../src/network/ir/layers.ts';
import { buildModel, modelSpecSchema } from '../../../src/network/models/index.ts';
import { withNewWeights } from '../../../src/network/models/renew.ts';
import { trainedModel, trainedResnet } from '../../fixtures/graphs.ts';
import { importedNetwork } from '../../fixtures/networks.ts';

describe('a network before any training', () => {
  it.each([
    { family: 'resnet', blocks: [1, 1], widths: [4, 6] },
    { family: 'mobilenet', stem: 4, widths: [4, 6] },
    { family: 'mlp', widths: [6, 5] },
  ])('is one of our own as it was built: %o', (spec) => {
    const built = buildModel(modelSpecSchema.parse(spec), { shape: [1, 6, 6], classes: 5, batch: 1, seed: 's' });
    expect(withNewWeights(built, 's')).toEqual(built);
    expect(withNewWeights(trainedModel(spec, [1, 6, 6]), 's').initializers).toEqual(built.initializers);
    expect(withNewWeights(trainedResnet({ blocks: [1], widths: [4] }, [1, 6, 6]), 't').initializers).not.toEqual(
      built.initializers,
    );
  });

  it('has nothing left of what a file holds', () => {
    const graph = importedNetwork('tiny');
    const renewed = withNewWeights(graph, 's');
    for (const { weight } of layersOf(graph)) {
      const [old, own] = [graph, renewed].map((each) => each.initializers[weight]!.data as Float32Array);
      expect(own).toHaveLength(old!.length);
      expect(own!.some((value, i) => value === old![i])).toBe(false);
    }
    expect(withNewWeights(graph, 's')).toEqual(renewed);
    expect(withNewWeights(graph, 't')).not.toEqual(renewed);
  });
});
