import { resolve } from 'node:path';
import { loadExamples, type View } from './class-folder/class-folder.ts';
import { type FileKind, findExamples } from './class-folder/layout.ts';
import type { ImageShape } from './dataset.ts';
import type { DataOptions, DatasetDefinition } from './definition.ts';
import { namedFolder } from './folder.ts';
import { imageReader } from './images/decode.ts';

const usualSize = 64;

export const pictureFiles: FileKind = {
  what: 'pictures',
  readable: new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']),
  unreadable: new Set(['.bmp', '.heic', '.heif', '.jp2', '.ppm', '.psd', '.raw', '.tga']),
  example: ['cat', 'dog'],
};

/** A user's own pictures: a folder for every class. */
export const imageFolder: DatasetDefinition = {
  name: 'images',
  summary:
    'your own pictures (JPEG, PNG, WebP, GIF, TIFF, AVIF): data.folder with train/CLASS/… and test/CLASS/…, or CLASS/… alone',
  needsFolder: true,
  options: ['size', 'colour'],
  async load(options, hooks, places) {
    const folder = namedFolder(options, 'your pictures');
    const found = await findExamples(folder, pictureFiles);
    return loadExamples({ name: 'images', place: resolve(folder) }, found, viewOf(options), options, hooks, places);
  },
};

function viewOf({ size = usualSize, colour = 'rgb' }: DataOptions): View {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  const shape: ImageShape = [colour === 'grey' ? 1 : 3, height, width];
  return {
    shape,
    preparation: {
      resize: { size: [height, width], fit: 'cover', filter: 'lanczos3', colour: colour === 'grey' ? 'grey' : 'srgb' },
    },
    what: 'images',
    files: pictureFiles.what,
    smaller: 'Set a smaller data.size',
    reader: () => imageReader(shape),
  };
}
