import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '../../../src/core/rng.ts';
import type { Dataset, Split } from '../../../src/network/data/dataset.ts';
import { loadDataset } from '../../../src/network/data/index.ts';
import { type TrainRecipe, trainRecipeSchema } from '../../../src/network/engine/recipe.ts';
import type { Graph } from '../../../src/network/ir/graph.ts';
import { buildModel, modelSpecSchema } from '../../../src/network/models/index.ts';
import { writeTinyFashion } from '../../fixtures/data.ts';

export const quiet = { checkpoint: () => undefined, progress: () => undefined };

/** A recipe with settings of its own; the rest are defaults. */
export const recipe = (settings: Partial<TrainRecipe> = {}): TrainRecipe => ({
  ...trainRecipeSchema.parse({}),
  ...settings,
});

/** ResNet-8, narrow enough that a step takes milliseconds. */
export const tinyResnet = (shape: Dataset['shape'], { classes = 3, batch = 1, seed = 'tiny', widths = [2, 3, 4] } = {}): Graph =>
  buildModel(modelSpecSchema.parse({ family: 'resnet', depth: 8, widths }), { shape, classes, batch, seed });

/** Noise with a brighter third, which is the class: 8×8, three classes. */
export function stripes(count: number): Dataset {
  const split: Split = { images: new Uint8Array(count * 64), labels: new Uint8Array(count), count };
  const rng = createRng('stripes', count);
  for (let i = 0; i < count; i++) {
    split.labels[i] = i % 3;
    for (let p = 0; p < 64; p++) split.images[i * 64 + p] = rng.int(100) + (Math.floor(((p % 8) * 3) / 8) === i % 3 ? 120 : 0);
  }
  return {
    name: 'stripes',
    shape: [1, 8, 8],
    classes: ['left', 'middle', 'right'],
    normalization: { mean: [0.35], std: [0.25] },
    train: split,
    validation: split,
    test: split,
    hash: `stripes ${count}`,
  };
}

/** The first images of Fashion-MNIST, or drawn shapes where the machine does not have it. */
export async function tinyFashion(train: number): Promise<Dataset> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-engine-'));
  try {
    await writeTinyFashion(folder, { train, test: 50 });
    return await loadDataset({ name: 'idx', folder, validation: 200 }, { progress: () => undefined });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** ‖found − expected‖ / ‖expected‖ over all numbers. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(difference / Math.max(size, 1e-30));
}
