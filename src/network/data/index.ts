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
import { type Places, placesOf } from './places.ts';

const datasets: readonly DatasetDefinition[] = [fashionMnist, idxFolder];

const needsFolder = datasets.filter((dataset) => dataset.needsFolder).map((dataset) => dataset.name);

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
  })
  .refine((spec) => spec.folder !== undefined || !needsFolder.includes(spec.name), {
    path: ['folder'],
    message: 'this data set needs `folder`: where its files are',
  })
  .describe('The data to train and measure on');

export type DataSpec = z.infer<typeof dataSpecSchema>;

/** The data sets that need no folder of the user's, and where this machine has them. */
export const findDatasets = (places: Places = placesOf()): { readonly name: string; readonly folder: string | undefined }[] =>
  datasets.flatMap((dataset) => (dataset.find ? [{ name: dataset.name, folder: dataset.find(places) }] : []));

/** Loads a data set into shared memory. Throws NasError DATA_MISSING, DATA_CORRUPT, DATA_TOO_SMALL. */
export function loadDataset(spec: DataSpec, hooks: DataHooks, places: Places = placesOf()): Promise<Dataset> {
  return pick('dataset', datasets, spec.name).load(spec, hooks, places);
}
