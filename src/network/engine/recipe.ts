import { z } from 'zod';
import type { Knob } from '../../core/catalog.ts';

const recipeFields = {
  epochs: z.number().positive().default(3).describe('Passes over the training images; parts of one count too (0.25).'),
  batchSize: z.int().min(1).default(128).describe('Images per step.'),
  optimizer: z
    .enum(['sgd', 'adamw'])
    .default('sgd')
    .describe('sgd: gradient descent with momentum. adamw: Adam with decoupled weight decay.'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('Share of the last update that the next one keeps (sgd only).'),
  nesterov: z.boolean().default(true).describe('Look ahead along the momentum (sgd only).'),
  weightDecay: z
    .number()
    .min(0)
    .default(5e-4)
    .describe('Pull of the weights towards 0; biases and BatchNormalization are left out.'),
  learningRate: z.number().positive().default(0.1).describe('Highest learning rate, reached when the warm-up ends.'),
  warmup: z.number().min(0).max(1).default(0.1).describe('Share of the steps in which the learning rate rises from 0 in a line.'),
  schedule: z
    .enum(['cosine', 'constant'])
    .default('cosine')
    .describe('After the warm-up: down to 0 along half a cosine, or unchanged.'),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe('Share of the target that is spread evenly over all classes.'),
  augment: z
    .strictObject({
      crop: z
        .union([z.int().min(0), z.tuple([z.int().min(0), z.int().min(0)])])
        .default(0)
        .describe(
          'Shift every image by up to so many pixels in each direction; [up and down, left and right] where these differ. In the spectrogram of a sound, up and down is pitch, left and right is time.',
        ),
      flip: z.boolean().default(false).describe('Mirror every second image, left to right.'),
    })
    .prefault({})
    .describe('Random changes of the training images.'),
  subset: z
    .strictObject({
      fraction: z.number().positive().max(1).describe('Share of the training images, drawn by the seed; at least one batch.'),
      epochs: z.number().min(0).max(1).describe('Share of the epochs, from the first one on, that goes over these images only.'),
    })
    .optional()
    .describe('Early epochs on a part of the images. They take as many steps fewer, and so save that much time.'),
};

/** How a network is trained: the section `trial` of a space file. */
export const trainRecipeSchema = z
  .strictObject({
    ...recipeFields,
    rungs: z
      .enum(['epochs', 'data'])
      .optional()
      .describe(
        'What trials have less of at the early rungs of a scheduler. epochs: fewer passes over all images. data: as many passes, over fewer images, with more of them from rung to rung; takes as long.',
      ),
  })
  .refine(({ rungs, subset }) => rungs !== 'data' || subset === undefined, {
    path: ['subset'],
    message: 'says the same as rungs: data: leave one of them out',
  });

/** The section `baseline`. A network that is trained already may be taken as it is: no epoch. */
export const baselineRecipeSchema = z.strictObject({
  ...recipeFields,
  epochs: z
    .number()
    .min(0)
    .default(3)
    .describe(
      'Passes over the training images; parts of one count too (0.25). 0, the default for a network from a file: its weights stay.',
    ),
});

export type TrainRecipe = z.output<typeof trainRecipeSchema>;

/** Settings of the recipe that a space may search per trial. */
export const recipeKnobs: Readonly<Record<string, Knob>> = {
  epochs: {
    kind: 'number',
    min: 0.01,
    max: 1000,
    default: 1,
    summary: 'Passes over the training images; parts of one count too.',
  },
  learningRate: { kind: 'number', min: 1e-6, max: 10, default: 0.02, summary: 'Highest learning rate of the training.' },
  weightDecay: { kind: 'number', min: 0, max: 1, default: 5e-4, summary: 'Pull of the weights towards 0.' },
  labelSmoothing: { kind: 'number', min: 0, max: 0.9, default: 0, summary: 'Share of the target spread over all classes.' },
};

/**
 * Learning rate of a step (0 is the first of `steps`): up in a line over the warm-up, then by the schedule. Cosine
 * (Loshchilov and Hutter 2017, SGDR, without restarts) would reach 0 one step after the last.
 */
export function learningRateAt(
  recipe: Pick<TrainRecipe, 'learningRate' | 'warmup' | 'schedule'>,
  step: number,
  steps: number,
): number {
  const { learningRate, warmup, schedule } = recipe;
  const rising = Math.round(warmup * steps);
  if (step < rising) return (learningRate * (step + 1)) / rising;
  if (schedule === 'constant') return learningRate;
  return (learningRate * (1 + Math.cos((Math.PI * (step - rising)) / (steps - rising)))) / 2;
}

/**
 * The same with warm restarts (Loshchilov and Hutter 2017, SGDR): the schedule runs whole, warm-up included, up to every
 * end in `ends` (steps, rising, the last one the whole training), so that the network is cooled down at each of them.
 */
export function restartedRateAt(
  recipe: Pick<TrainRecipe, 'learningRate' | 'warmup' | 'schedule'>,
  step: number,
  ends: readonly number[],
): number {
  const cycle = ends.findIndex((end) => step < end);
  const begin = cycle > 0 ? ends[cycle - 1]! : 0;
  return learningRateAt(recipe, step - begin, ends[cycle]! - begin);
}
