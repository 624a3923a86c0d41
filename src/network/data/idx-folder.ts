import type { DatasetDefinition } from './definition.ts';
import { namedFolder } from './folder.ts';
import { buildDataset, readMnistFolder } from './mnist-files.ts';

/** A user's own images: classes 0 … n-1 are those of the training labels, sizes are read from the files. */
export const idxFolder: DatasetDefinition = {
  name: 'idx',
  summary:
    "your own grey images: data.folder with four idx files under MNIST's names (train-images-idx3-ubyte.gz …), up to 256 classes",
  needsFolder: true,
  async load(options, hooks) {
    const content = await readMnistFolder(namedFolder(options, 'your idx files'), hooks);
    const count = [...content.train.labels].reduce((largest, label) => Math.max(largest, label), 0) + 1;
    const classes = Array.from({ length: count }, (_, label) => String(label));
    return buildDataset('idx', content, classes, options);
  },
};
