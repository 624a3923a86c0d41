import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NasError } from '../../core/errors.ts';
import { stableStringify } from '../../core/json.ts';
import type { Dataset, Split } from './dataset.ts';
import type { DataHooks, DataOptions } from './definition.ts';
import { checkFolder } from './folder.ts';
import { corrupt, type IdxFile, readIdx } from './idx.ts';
import { holdOut, normalizationOf } from './split.ts';

/** The four files of a data set in MNIST's layout, in the order in which they are read. */
export const mnistFiles = [
  { name: 'train-labels-idx1-ubyte', dimensions: 1 },
  { name: 'train-images-idx3-ubyte', dimensions: 3 },
  { name: 't10k-labels-idx1-ubyte', dimensions: 1 },
  { name: 't10k-images-idx3-ubyte', dimensions: 3 },
] as const;

export type MnistFileName = (typeof mnistFiles)[number]['name'];

/** The files' content, each pair of images and labels checked against each other. */
export interface MnistContent {
  readonly files: readonly IdxFile[];
  readonly train: Split;
  readonly test: Split;
  readonly height: number;
  readonly width: number;
}

/**
 * Reads the four files from a folder, each as `<name>.gz` or unpacked as `<name>`. `pins`: SHA-256 of the unpacked content.
 * Throws NasError DATA_MISSING (one is not there) or DATA_CORRUPT (one is not what it should be).
 */
export async function readMnistFolder(
  folder: string,
  hooks: DataHooks,
  pins?: Readonly<Record<MnistFileName, string>>,
): Promise<MnistContent> {
  const paths = mnistFiles.map(({ name }) => findFile(folder, name));
  const files: IdxFile[] = [];
  for (const [i, { name, dimensions }] of mnistFiles.entries()) {
    hooks.progress({ stage: 'read data', done: i, total: mnistFiles.length });
    const file = await readIdx(paths[i]!, dimensions);
    if (pins && file.sha256 !== pins[name])
      throw corrupt(file.path, `the SHA-256 of its content is ${file.sha256}, not ${pins[name]}`);
    files.push(file);
  }
  hooks.progress({ stage: 'read data', done: mnistFiles.length, total: mnistFiles.length });
  const [trainLabels, trainImages, testLabels, testImages] = files as [IdxFile, IdxFile, IdxFile, IdxFile];
  const [, height, width] = trainImages.sizes as [number, number, number];
  const [, testHeight, testWidth] = testImages.sizes;
  if (testHeight !== height || testWidth !== width) {
    throw corrupt(testImages.path, `its images are ${testHeight}×${testWidth}, the training images are ${height}×${width}`);
  }
  return { files, train: pair(trainImages, trainLabels), test: pair(testImages, testLabels), height, width };
}

/** Makes the data set of the files: holds validation images out and derives the normalisation from all training images. */
export function buildDataset(name: string, content: MnistContent, classes: readonly string[], options: DataOptions): Dataset {
  const { validation, limit } = options;
  const { files, train, test, height, width } = content;
  checkLabels(files[0]!, classes.length);
  checkLabels(files[2]!, classes.length);
  const parts = { files: files.map((file) => file.sha256), validation, limit: limit ?? null };
  return {
    name,
    shape: [1, height, width],
    classes,
    normalization: normalizationOf(train),
    ...holdOut(train, validation, limit),
    test,
    hash: createHash('sha256').update(stableStringify(parts)).digest('hex'),
  };
}

/** How many training images a folder has, by their labels alone. Throws NasError DATA_MISSING, DATA_CORRUPT. */
export async function countTrainingImages(folder: string): Promise<number> {
  const { sizes } = await readIdx(findFile(folder, 'train-labels-idx1-ubyte'), 1);
  return sizes[0]!;
}

/** Whether all four files are there, whatever is in them. */
export const hasMnistFiles = (folder: string): boolean => mnistFiles.every(({ name }) => pathOf(folder, name) !== undefined);

/** Whether one of them is there: somebody means the folder to have them all. */
export const hasAnyMnistFile = (folder: string): boolean => mnistFiles.some(({ name }) => pathOf(folder, name) !== undefined);

const pathOf = (folder: string, name: MnistFileName): string | undefined =>
  [join(folder, `${name}.gz`), join(folder, name)].find((path) => existsSync(path));

function findFile(folder: string, name: MnistFileName): string {
  const found = pathOf(folder, name);
  if (found) return found;
  checkFolder(folder);
  throw new NasError('DATA_MISSING', `${folder}: ${name}.gz is not there.`, { facts: { folder, file: `${name}.gz` } });
}

function pair(images: IdxFile, labels: IdxFile): Split {
  const [count] = images.sizes as [number];
  if (labels.sizes[0] !== count) throw corrupt(labels.path, `holds ${labels.sizes[0]} labels for ${count} images`);
  return { images: images.data, labels: labels.data, count };
}

function checkLabels({ path, data }: IdxFile, classes: number): void {
  const at = data.findIndex((label) => label >= classes);
  if (at >= 0) throw corrupt(path, `label ${data[at]} of image ${at} is outside of the ${classes} classes`);
}
