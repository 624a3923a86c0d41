import { createRng } from '../../core/rng.ts';
import { trainBatchCount } from '../data/batches.ts';
import type { TrainRecipe } from './recipe.ts';

/** One way through the training images, or through the chosen ones of an early pass. The last of a kind may be a part. */
export interface Pass {
  /** From 1. */
  readonly epoch: number;
  /** Of the whole training: the first step, and the first step after it. */
  readonly first: number;
  readonly end: number;
  /** Numbers of its images in their split; all where absent. */
  readonly images?: Int32Array;
}

export interface StepPlan {
  readonly passes: readonly Pass[];
  /** Of the whole training. */
  readonly steps: number;
  /** Where this run of it ends. */
  readonly until: number;
  /** Steps at which the learning rate's schedule ends: the restarts, then the end. */
  readonly ends: readonly number[];
}

interface Options {
  /** Of the split. */
  readonly images: number;
  readonly recipe: Pick<TrainRecipe, 'epochs' | 'batchSize' | 'subset' | 'rungs'>;
  readonly seed: string;
  /** Epochs. */
  readonly untilEpoch?: number | undefined;
  readonly restarts?: readonly number[] | undefined;
}

/**
 * The steps of a training. Epochs count as the recipe means them: an epoch on a subset is one pass over the subset, and
 * takes as many steps fewer. Where the images do not fill one batch, one step is planned all the same: asking for its
 * batch says so.
 *
 * With rungs of data the steps up to every restart go over that share of the images only, each time with more among them: the
 * first rung passes as often over its images as the whole training would over all.
 */
export function stepPlan({ images, recipe, seed, untilEpoch, restarts = [] }: Options): StepPlan {
  const { epochs, batchSize, subset } = recipe;
  const stepsPer = (count: number) => Math.max(1, trainBatchCount(count, batchSize));
  const full = stepsPer(images);
  const choose = (share: number) => chooseImages(images, Math.max(batchSize, Math.round(share * images)), seed);
  const chosen = subset && choose(subset.fraction);
  const early = chosen ? { epochs: subset.epochs * epochs, length: stepsPer(chosen.length) } : { epochs: 0, length: full };
  const earlySteps = Math.round(early.epochs * early.length);
  const stepsOf = (at: number) =>
    Math.max(1, at < early.epochs ? Math.round(at * early.length) : earlySteps + Math.round((at - early.epochs) * full));
  const steps = stepsOf(epochs);
  const growing = recipe.rungs === 'data' ? restarts.filter((at) => at < epochs) : [];
  const stretches: { end: number; images?: Int32Array }[] = growing.map((at) => ({
    end: stepsOf(at),
    images: choose(at / epochs),
  }));
  if (chosen) stretches.push({ end: earlySteps, images: chosen });
  const passes: Pass[] = [];
  for (const { end, images: some } of [...stretches, { end: steps }]) {
    const span = { epoch: passes.length + 1, first: passes.at(-1)?.end ?? 0, end };
    passes.push(...passesOf(span, some ? stepsPer(some.length) : full, some));
  }
  return {
    passes,
    steps,
    until: Math.min(steps, stepsOf(untilEpoch ?? epochs)),
    ends: [...new Set([...restarts.map(stepsOf), steps])].filter((step) => step <= steps),
  };
}

/** Passes of `length` steps that fill a span, beginning with its epoch. */
function passesOf({ epoch, first, end }: Pass, length: number, images?: Int32Array): Pass[] {
  return Array.from({ length: Math.ceil((end - first) / length) }, (_, i) => ({
    epoch: epoch + i,
    first: first + i * length,
    end: Math.min(end, first + (i + 1) * length),
    ...(images ? { images } : {}),
  }));
}

/** Drawn without replacement: the same images in every pass of a training, and all of fewer ones among more. */
function chooseImages(images: number, count: number, seed: string): Int32Array {
  const order = createRng(seed, 'subset').shuffle(Array.from({ length: images }, (_, i) => i));
  return Int32Array.from(order.slice(0, count));
}
