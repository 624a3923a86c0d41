/**
 * The data sets. To add one: a file with its DatasetDefinition (a published one in MNIST's layout is one call of
 * `officialDataset`), and a line in `datasets`.
 */
import { z } from 'zod';
import { pick } from '../../core/errors.ts';
import type { Dataset } from './dataset.ts';
import type { DataHooks, DatasetDefinition } from './definition.ts';
import { fashionMnist } from './fashion-mnist.ts';
import { idxFolder } from './idx-folder.ts';
import { imageFolder } from './image-folder.ts';
import { type Places, placesOf } from './places.ts';

const datasets: readonly DatasetDefinition[] = [fashionMnist, imageFolder, idxFolder];

const needsFolder = datasets.filter((dataset) => dataset.needsFolder).map((dataset) => dataset.name);
const scales = datasets.filter((dataset) => dataset.scales).map((dataset) => dataset.name);

/** Of pictures, in pixels. */
const side = z.int().min(1).max(1024);

/** `data:` of a space file. */
export const dataSpecSchema = z
  .strictObject({
    name: z
      .enum(datasets.map((dataset) => dataset.name))
      .describe(datasets.map((dataset) => `\`${dataset.name}\`: ${dataset.summary}`).join('. ')),
    folder: z.string().min(1).optional().describe('A folder with the files, looked at before the machine is searched'),
    validation: z
      .int()
      .min(1)
      .default(5000)
      .describe(
        'Images held out of the training images, the same share of every class; all accuracies of a search are measured on them',
      ),
    limit: z.int().min(1).optional().describe('Train on so many images only, for quick tests'),
    size: z
      .union([side, z.tuple([side, side])])
      .optional()
      .describe(
        'Of `images`: pictures are scaled to so many pixels, and the middle cut out; [height, width] where these differ. 64',
      ),
    colour: z.enum(['rgb', 'grey']).optional().describe('Of `images`: what the network sees of them. rgb'),
  })
  .refine((spec) => spec.folder !== undefined || !needsFolder.includes(spec.name), {
    path: ['folder'],
    message: 'this data set needs `folder`: where its files are',
  })
  .superRefine((spec, context) => {
    for (const key of ['size', 'colour'] as const) {
      if (spec[key] === undefined || scales.includes(spec.name)) continue;
      context.addIssue({ code: 'custom', path: [key], message: `only ${scales.join(', ')} can be scaled: leave \`${key}\` out` });
    }
  })
  .describe('The data to train and measure on');

export type DataSpec = z.infer<typeof dataSpecSchema>;

/** The data sets that need no folder of the user's, and where this machine has them. */
export const findDatasets = (places: Places = placesOf()): { readonly name: string; readonly folder: string | undefined }[] =>
  datasets.flatMap((dataset) => (dataset.find ? [{ name: dataset.name, folder: dataset.find(places) }] : []));

/** Loads a data set into shared memory. Throws NasError as `DatasetDefinition.load` does. */
export function loadDataset(spec: DataSpec, hooks: DataHooks, places: Places = placesOf()): Promise<Dataset> {
  return pick('dataset', datasets, spec.name).load(spec, hooks, places);
}
