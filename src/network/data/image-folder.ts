import { createHash } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { NasError } from '../../core/errors.ts';
import { stableStringify } from '../../core/json.ts';
import type { Dataset, ImageShape, Split } from './dataset.ts';
import { imageSize } from './dataset.ts';
import type { DataHooks, DataOptions, DatasetDefinition } from './definition.ts';
import { decodeImages } from './images/decode.ts';
import { contentOf, type Decoded, KeptImages } from './images/kept.ts';
import { findImages, type ImageFile, type ImageFolder } from './images/layout.ts';
import type { Places } from './places.ts';
import { halve, holdOut, normalizationOf } from './split.ts';

const usualSize = 64;
/** Of the pictures that nothing sets apart for the end: one in so many of every class. */
const testShare = 5;
/** Decoded pictures lie in memory, once per worker. */
const mostBytes = 4 * 2 ** 30;

/** A user's own pictures: a folder for every class. */
export const imageFolder: DatasetDefinition = {
  name: 'images',
  summary:
    'your own pictures (JPEG, PNG, WebP, GIF, TIFF, AVIF): data.folder with train/CLASS/… and test/CLASS/…, or CLASS/… alone',
  needsFolder: true,
  scales: true,
  async load(options, hooks, places) {
    if (options.folder === undefined) {
      throw new NasError('DATA_MISSING', 'data.folder is missing: name the folder that holds your pictures.');
    }
    const found = await findImages(options.folder);
    const shape = shapeOf(options);
    checkMemory(found, shape, options.folder);
    return build(found, await decoded(options.folder, found, shape, hooks, places), shape, options);
  },
};

function shapeOf({ size = usualSize, colour = 'rgb' }: DataOptions): ImageShape {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  return [colour === 'grey' ? 1 : 3, height, width];
}

/** The parts of a folder that have pictures of their own. */
const partsOf = ({ train, validation, test }: ImageFolder): Readonly<Record<string, readonly ImageFile[]>> => ({
  train,
  ...(validation ? { validation } : {}),
  ...(test ? { test } : {}),
});

/** As they were kept, where no picture has changed since. */
async function decoded(
  folder: string,
  found: ImageFolder,
  shape: ImageShape,
  hooks: DataHooks,
  places: Places,
): Promise<Decoded> {
  const root = resolve(folder);
  const parts = partsOf(found);
  const key = hashOf({ shape: [...shape], parts: mapParts(parts, (files) => files.map((file) => seenFrom(root, file))) });
  const kept = new KeptImages(join(places.cache, 'images', hashOf({ root, shape: [...shape] }).slice(0, 24)));
  const before = await kept.read(key, imageSize(shape));
  if (before) return before;
  const total = Object.values(parts).reduce((sum, files) => sum + files.length, 0);
  const result: Record<string, Split> = {};
  let done = 0;
  for (const [name, files] of Object.entries(parts)) {
    const earlier = done;
    result[name] = await decodeImages(files, shape, (each) => hooks.progress({ ...each, done: earlier + each.done, total }));
    done += files.length;
  }
  await kept.write(key, result);
  return result;
}

const seenFrom = (root: string, { path, label, size, changed }: ImageFile) => [
  relative(root, resolve(path)),
  label,
  size,
  changed,
];

const mapParts = <A, B>(parts: Readonly<Record<string, A>>, map: (part: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, map(part)]));

const hashOf = (value: Parameters<typeof stableStringify>[0]): string =>
  createHash('sha256').update(stableStringify(value)).digest('hex');

/** Normalisation is that of all pictures that may be trained on. */
function build({ classes }: ImageFolder, parts: Decoded, shape: ImageShape, options: DataOptions): Dataset {
  const { validation, limit } = options;
  const all = parts['train']!;
  const { rest, taken } = parts['test']
    ? { rest: all, taken: parts['test'] }
    : halve(all, Math.round(all.count / testShare), 'test');
  const own = parts['validation'];
  const { train, validation: held } = own ? { ...holdOut(rest, 0, limit), validation: own } : holdOut(rest, validation, limit);
  const content = { parts: mapParts(parts, contentOf), classes: [...classes], shape: [...shape] };
  return {
    name: 'images',
    shape,
    classes,
    normalization: normalizationOf(rest, shape[0]),
    resize: { size: [shape[1], shape[2]], fit: 'cover', filter: 'lanczos3', colour: shape[0] === 1 ? 'grey' : 'srgb' },
    train,
    validation: held,
    test: taken,
    hash: hashOf({ ...content, validation: own ? null : validation, limit: limit ?? null }),
  };
}

function checkMemory(found: ImageFolder, shape: ImageShape, folder: string): void {
  const count = Object.values(partsOf(found)).reduce((sum, files) => sum + files.length, 0);
  const bytes = count * imageSize(shape);
  if (bytes <= mostBytes) return;
  const message = `${folder}: ${count} pictures of ${shape.join('×')} take ${(bytes / 2 ** 30).toFixed(1)} GiB of memory, more than ${mostBytes / 2 ** 30}. Set a smaller data.size, or take fewer pictures.`;
  throw new NasError('DATA_TOO_LARGE', message, { facts: { folder, images: count, bytes } });
}
