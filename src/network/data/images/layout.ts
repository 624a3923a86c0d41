import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { NasError } from '../../../core/errors.ts';
import { mostClasses } from '../dataset.ts';
import { checkFolder } from '../folder.ts';
import { corrupt } from '../idx.ts';

/** A picture and its class. */
export interface ImageFile {
  readonly path: string;
  readonly label: number;
  /** Bytes, and when it was last changed: another content shows in one of them. */
  readonly size: number;
  readonly changed: number;
}

/** The pictures of a folder, by what they are for. */
export interface ImageFolder {
  /** The names of the folders that hold pictures to train on, sorted as torchvision's ImageFolder sorts them. */
  readonly classes: readonly string[];
  readonly train: readonly ImageFile[];
  /** Where the folder has pictures of its own for it. */
  readonly validation?: readonly ImageFile[];
  /** Absent where nothing says which pictures are for the end. */
  readonly test?: readonly ImageFile[];
}

const readable = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']);
const unreadable = new Set(['.bmp', '.heic', '.heif', '.jp2', '.ppm', '.psd', '.raw', '.tga']);

const validationNames = ['val', 'valid', 'validation'];

/**
 * Finds the pictures: `train/CLASS/…` with `test/CLASS/…`, `val/CLASS/…` (also `valid`, `validation`) or both, or `CLASS/…` alone.
 * Where there is only one of test and val, it is the test set: what a search looks at is then held out of `train`.
 * Throws NasError DATA_MISSING, DATA_CORRUPT.
 */
export async function findImages(folder: string): Promise<ImageFolder> {
  try {
    return await find(folder);
  } catch (error) {
    if (error instanceof NasError) throw error;
    throw corrupt(folder, `cannot be looked through (${error instanceof Error ? error.message : String(error)})`, error);
  }
}

async function find(folder: string): Promise<ImageFolder> {
  checkFolder(folder);
  const isSplit = existsSync(join(folder, 'train'));
  const lonely = isSplit ? undefined : ['test', ...validationNames].find((name) => existsSync(join(folder, name)));
  if (lonely) throw new NasError('DATA_MISSING', `${folder}: there is ${lonely}, but no train.`, { facts: { folder } });
  const training = isSplit ? join(folder, 'train') : folder;
  const classes = await foldersIn(training);
  if (classes.length < 2 || classes.length > mostClasses) throw wrongClasses(training, classes.length);
  const train = await imagesOf(training, classes);
  if (!isSplit) return { classes, train };
  const validation = validationNames.find((name) => existsSync(join(folder, name)));
  const others = [...(existsSync(join(folder, 'test')) ? ['test'] : []), ...(validation ? [validation] : [])];
  const [test, held] = await Promise.all(others.map((name) => imagesOf(join(folder, name), classes)));
  return { classes, train, ...(test ? { test } : {}), ...(held ? { validation: held } : {}) };
}

/** Sorted, without hidden ones; what a link leads to counts. */
async function foldersIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  const isFolder = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).isDirectory()));
  return names.filter((_, i) => isFolder[i]);
}

/** In the order of the classes, then of the names. */
async function imagesOf(folder: string, classes: readonly string[]): Promise<ImageFile[]> {
  const unknown = (await foldersIn(folder)).find((name) => !classes.includes(name));
  if (unknown !== undefined) throw corrupt(join(folder, unknown), 'is of a class that there are no training images of');
  const all: ImageFile[] = [];
  for (const [label, name] of classes.entries()) {
    const own = join(folder, name);
    if (!existsSync(own)) continue;
    const files = await filesIn(own);
    all.push(...(await Promise.all(files.map((file) => described(join(own, file), label)))));
    if (files.length === 0) throw corrupt(own, `holds no pictures (${[...readable].join(' ')})`);
  }
  if (all.length === 0) throw corrupt(folder, 'holds no pictures of any class');
  return all;
}

/** Of the folder and those in it, sorted. */
async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const bad = names.find((name) => unreadable.has(extname(name).toLowerCase()));
  if (bad !== undefined) throw corrupt(join(folder, bad), `cannot be read: convert it to one of ${[...readable].join(' ')}`);
  return names.filter((name) => readable.has(extname(name).toLowerCase()) && !/(?:^|[/\\])\./.test(name)).sort();
}

async function described(path: string, label: number): Promise<ImageFile> {
  const { size, mtimeMs } = await stat(path);
  return { path, label, size, changed: mtimeMs };
}

function wrongClasses(folder: string, count: number): NasError {
  const wanted = `It needs a folder for every class, with its pictures in it: such as ${join(folder, 'cat')} and ${join(folder, 'dog')}.`;
  const most = count > mostClasses ? ` At most ${mostClasses} classes can be told apart.` : '';
  const message = `${folder} has ${count === 1 ? 'one folder' : `${count} folders`}. ${wanted}${most}`;
  return new NasError('DATA_MISSING', message, { facts: { folder, classes: count } });
}
