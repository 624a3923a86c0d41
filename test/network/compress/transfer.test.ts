import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/core/candidate.ts';
import { transferPlan } from '../../../src/network/compress/transfer.ts';
import { buildModel, modelSpecSchema } from '../../../src/network/models/index.ts';

const build = (spec: Record<string, unknown>) =>
  buildModel(modelSpecSchema.parse(spec), { shape: [1, 16, 16], classes: 4, batch: 1, seed: 's' });
const small = build({ family: 'resnet', blocks: [1, 1], widths: [8, 16] });
const deep = build({ family: 'resnet', blocks: [2, 2], widths: [8, 16] });
const mobile = build({ family: 'mobilenet', stem: 8, widths: [8, 16] });
const plan: Plan = {
  recipe: { learningRate: 0.1 },
  techniques: {
    prune: { stem: { keep: 0.5 }, 'stage2.block1.conv1': { keep: 0.25 } },
    quantize: { dense: { bits: 8 }, 'stage1.block1.conv1': { bits: 4 } },
  },
};

describe('a plan for another network', () => {
  it('is the same for the same network', () => {
    expect(transferPlan(plan, small, small)).toEqual(plan);
  });

  it('goes by name, then by what is most alike', () => {
    const { recipe, techniques } = transferPlan(plan, small, deep);
    expect(recipe).toEqual(plan.recipe);
    expect(techniques['prune']).toMatchObject(plan.techniques['prune']!);
    expect(techniques['quantize']).toMatchObject(plan.techniques['quantize']!);
    // New in the deeper network: a 3×3 convolution like the one that was pruned, and near it.
    expect(techniques['prune']!['stage2.block2.conv1']).toEqual({ keep: 0.25 });
  });

  it('reaches another family where the layers are of a kind, and leaves the others alone', () => {
    const { techniques } = transferPlan(plan, small, mobile);
    expect(techniques['prune']!['stem']).toEqual({ keep: 0.5 });
    expect(techniques['quantize']!['dense']).toEqual({ bits: 8 });
    // Depthwise convolutions are like none of a ResNet.
    expect(Object.keys(techniques['quantize']!).some((site) => site.includes('depthwise'))).toBe(false);
  });

  it('says nothing of techniques without a site in common', () => {
    expect(transferPlan({ recipe: {}, techniques: {} }, small, mobile)).toEqual({ recipe: {}, techniques: {} });
  });
});
