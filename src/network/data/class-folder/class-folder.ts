import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { NasError } from '../../../core/errors.ts';
import { stableStringify } from '../../../core/json.ts';
import type { Dataset, ImageShape, Split } from '../dataset.ts';
import { imageSize } from '../dataset.ts';
import type { DataHooks, DataOptions } from '../definition.ts';
import type { Places } from '../places.ts';
import { halve, holdOut, normalizationOf } from '../split.ts';
import { decodeExamples } from './decode.ts';
import { contentOf, type Decoded, KeptExamples } from './kept.ts';
import type { ClassFolder, ExampleFile } from './layout.ts';

/** Of the examples that nothing sets apart for the end: one in so many of every class. */
const testShare = 5;
/** Decoded examples lie in memory, once per worker. */
const mostBytes = 4 * 2 ** 30;

/** How files become images, as the options of the data set want them. */
export interface View {
  /** Of an image. */
  readonly shape: ImageShape;
  /** What a program must do alike, which travels with every exported model. */
  readonly preparation: Pick<Dataset, 'resize' | 'sound'>;
  /** What is read, in words, and the files that it is read from. */
  readonly what: string;
  readonly files: string;
  /** What takes less memory. */
  readonly smaller: string;
  /** Opens what reads a file as an image, [C, H, W]. Both throw NasError DATA_READER; the reader DATA_CORRUPT. */
  reader(): Promise<(file: ExampleFile) => Promise<Uint8Array>>;
}

/** Whose files they are. */
interface Origin {
  /** Of the data set. */
  readonly name: string;
  /** What tells them from others of that name: the user's folder. */
  readonly place: string;
}

/**
 * The data set that the files of a folder make. Decoded once and kept, until a file changes. Where nothing is set apart for the
 * end, a fifth of every class is; normalisation is that of all that may be trained on.
 * Throws NasError DATA_TOO_LARGE, DATA_TOO_SMALL, and what `view.reader` throws.
 */
export async function loadExamples(
  origin: Origin,
  found: ClassFolder,
  view: View,
  options: DataOptions,
  hooks: DataHooks,
  places: Places,
): Promise<Dataset> {
  checkMemory(found, view, origin.place);
  return build(origin.name, found, await decoded(origin, found, view, hooks, places), view, options);
}

/** The parts of a folder that have examples of their own. */
const partsOf = ({ train, validation, test }: ClassFolder): Readonly<Record<string, readonly ExampleFile[]>> => ({
  train,
  ...(validation ? { validation } : {}),
  ...(test ? { test } : {}),
});

/** As they were kept, where no file has changed since. */
async function decoded(
  { name, place }: Origin,
  found: ClassFolder,
  view: View,
  hooks: DataHooks,
  places: Places,
): Promise<Decoded> {
  const parts = partsOf(found);
  const seen = { shape: [...view.shape], ...(view.preparation.sound ? { sound: { ...view.preparation.sound } } : {}) };
  const key = hashOf({ ...seen, parts: mapParts(parts, (files) => files.map(identityOf)) });
  const kept = new KeptExamples(join(places.cache, name, hashOf({ place, ...seen }).slice(0, 24)));
  const before = await kept.read(key, imageSize(view.shape));
  if (before) return before;
  const total = Object.values(parts).reduce((sum, files) => sum + files.length, 0);
  const result: Record<string, Split> = {};
  let done = 0;
  for (const [part, files] of Object.entries(parts)) {
    const earlier = done;
    result[part] = await decodeExamples(files, view, (each) => hooks.progress({ ...each, done: earlier + each.done, total }));
    done += files.length;
  }
  await kept.write(key, result);
  return result;
}

const identityOf = ({ name, label, size, changed }: ExampleFile) => [name, label, size, changed];

const mapParts = <A, B>(parts: Readonly<Record<string, A>>, map: (part: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, map(part)]));

const hashOf = (value: Parameters<typeof stableStringify>[0]): string =>
  createHash('sha256').update(stableStringify(value)).digest('hex');

function build(name: string, { classes }: ClassFolder, parts: Decoded, view: View, options: DataOptions): Dataset {
  const { validation, limit } = options;
  const { shape, preparation } = view;
  const all = parts['train']!;
  const { rest, taken } = parts['test']
    ? { rest: all, taken: parts['test'] }
    : halve(all, Math.round(all.count / testShare), 'test');
  const own = parts['validation'];
  const { train, validation: held } = own ? { ...holdOut(rest, 0, limit), validation: own } : holdOut(rest, validation, limit);
  const content = { parts: mapParts(parts, contentOf), classes: [...classes], shape: [...shape] };
  return {
    name,
    shape,
    classes,
    normalization: normalizationOf(rest, shape[0]),
    ...preparation,
    train,
    validation: held,
    test: taken,
    hash: hashOf({ ...content, validation: own ? null : validation, limit: limit ?? null }),
  };
}

function checkMemory(found: ClassFolder, { shape, files, smaller }: View, place: string): void {
  const count = Object.values(partsOf(found)).reduce((sum, files) => sum + files.length, 0);
  const bytes = count * imageSize(shape);
  if (bytes <= mostBytes) return;
  const message = `${place}: ${count} ${files} of ${shape.join('×')} take ${(bytes / 2 ** 30).toFixed(1)} GiB of memory, more than ${mostBytes / 2 ** 30}. ${smaller}, or take fewer ${files}.`;
  throw new NasError('DATA_TOO_LARGE', message, { facts: { folder: place, images: count, bytes } });
}
