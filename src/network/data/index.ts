/**
 * The data sets. To add one: a file with its DatasetDefinition (a published one in MNIST's layout is one call of
 * `officialDataset`), and a line in `datasets`.
 */
import { z } from 'zod';
import { pick } from '../../core/errors.ts';
import type { Dataset } from './dataset.ts';
import { type DataHooks, type DatasetDefinition, specialOptions } from './definition.ts';
import { fashionMnist } from './fashion-mnist.ts';
import { idxFolder } from './idx-folder.ts';
import { imageFolder } from './image-folder.ts';
import { type Places, placesOf } from './places.ts';
import { soundFolder } from './sound-folder.ts';
import { spokenPrompts } from './spoken-prompts.ts';

const datasets: readonly DatasetDefinition[] = [fashionMnist, spokenPrompts, imageFolder, soundFolder, idxFolder];

const needsFolder = datasets.filter((dataset) => dataset.needsFolder).map((dataset) => dataset.name);

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
    seconds: z
      .number()
      .positive()
      .max(10)
      .optional()
      .describe('Of sounds: so much of each is looked at, its middle, with silence around shorter ones. 1'),
    rate: z.int().min(1000).max(96_000).optional().describe('Of sounds: samples a second; others are resampled. 16000'),
    mels: z.int().min(4).max(256).optional().describe('Of sounds: bands of the spectrogram, from low to high. 40'),
    hop: z
      .number()
      .min(1)
      .max(500)
      .optional()
      .describe('Of sounds: milliseconds from one column of the spectrogram to the next. 20'),
  })
  .refine((spec) => spec.folder !== undefined || !needsFolder.includes(spec.name), {
    path: ['folder'],
    message: 'this data set needs `folder`: where its files are',
  })
  .superRefine((spec, context) => {
    for (const key of specialOptions) {
      const having = datasets.filter(({ options }) => options?.includes(key)).map(({ name }) => name);
      if (spec[key] === undefined || having.includes(spec.name)) continue;
      const message = `only data of ${having.join(', ')} have \`${key}\`: leave it out`;
      context.addIssue({ code: 'custom', path: [key], message });
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
