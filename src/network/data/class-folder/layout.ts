import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { NasError } from '../../../core/errors.ts';
import { mostClasses } from '../dataset.ts';
import { checkFolder } from '../folder.ts';
import { corrupt } from '../idx.ts';

/** What the folders hold. */
export interface FileKind {
  /** In words: `pictures`. */
  readonly what: string;
  /** Endings of files in lower case, with the dot. Others are passed over, but for those that somebody would expect to count. */
  readonly readable: ReadonlySet<string>;
  readonly unreadable: ReadonlySet<string>;
  /** Names that a folder of a class may have, for an example. */
  readonly example: readonly [string, string];
}

/** One example and its class. */
export interface ExampleFile {
  readonly path: string;
  /** Its path from the folder of its part on. */
  readonly name: string;
  readonly label: number;
  /** Bytes, and when it was last changed: another content shows in one of them. */
  readonly size: number;
  readonly changed: number;
  /** Its content, where it was read already. */
  readonly bytes?: Uint8Array;
}

/** The examples of a folder, by what they are for. */
export interface ClassFolder {
  /** The names of the folders that hold examples to train on, sorted as torchvision's ImageFolder sorts them. */
  readonly classes: readonly string[];
  readonly train: readonly ExampleFile[];
  /** Where the folder has pictures of its own for it. */
  readonly validation?: readonly ExampleFile[];
  /** Absent where nothing says which are for the end. */
  readonly test?: readonly ExampleFile[];
}

const validationNames = ['val', 'valid', 'validation'];

/**
 * Finds the examples: `train/CLASS/…` with `test/CLASS/…`, `val/CLASS/…` (also `valid`, `validation`) or both, or `CLASS/…` alone.
 * Where there is only one of test and val, it is the test set: what a search looks at is then held out of `train`.
 * Throws NasError DATA_MISSING, DATA_CORRUPT.
 */
export async function findExamples(folder: string, kind: FileKind): Promise<ClassFolder> {
  try {
    return await find(folder, kind);
  } catch (error) {
    if (error instanceof NasError) throw error;
    throw corrupt(folder, `cannot be looked through (${error instanceof Error ? error.message : String(error)})`, error);
  }
}

async function find(folder: string, kind: FileKind): Promise<ClassFolder> {
  checkFolder(folder);
  const parts = await partsIn(folder);
  const training = parts.get('train') ?? folder;
  const isSplit = training !== folder;
  const lonely = isSplit ? undefined : ['test', ...validationNames].find((name) => parts.has(name));
  if (lonely) throw new NasError('DATA_MISSING', `${folder}: there is ${lonely}, but no train.`, { facts: { folder } });
  const classes = await foldersIn(training);
  if (classes.length < 2 || classes.length > mostClasses) throw wrongClasses(training, classes.length, kind);
  const train = await examplesOf(training, classes, kind);
  if (!isSplit) return { classes, train };
  const others = [parts.get('test'), ...validationNames.map((name) => parts.get(name))].filter((path) => path !== undefined);
  const [test, held] = await Promise.all(others.slice(0, 2).map((path) => examplesOf(path, classes, kind)));
  return { classes, train, ...(test ? { test } : {}), ...(held ? { validation: held } : {}) };
}

/** Where `train`, `test` and so on are: in small letters, or in any others where there are none such. */
async function partsIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder);
  const exact = new Set(names);
  const named = names.filter((name) => name === name.toLowerCase() || !exact.has(name.toLowerCase()));
  return new Map(named.map((name) => [name.toLowerCase(), join(folder, name)]));
}

/** Sorted, without hidden ones; what a link leads to counts. */
async function foldersIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  const isFolder = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).isDirectory()));
  return names.filter((_, i) => isFolder[i]);
}

/** In the order of the classes, then of the names. */
async function examplesOf(folder: string, classes: readonly string[], kind: FileKind): Promise<ExampleFile[]> {
  const unknown = (await foldersIn(folder)).find((name) => !classes.includes(name));
  if (unknown !== undefined) throw corrupt(join(folder, unknown), `is of a class that there are no training ${kind.what} of`);
  const all: ExampleFile[] = [];
  for (const [label, name] of classes.entries()) {
    const own = join(folder, name);
    if (!existsSync(own)) continue;
    const files = await filesIn(own, kind);
    all.push(...(await Promise.all(files.map((file) => described(join(own, file), label, folder)))));
    if (files.length === 0) throw corrupt(own, `holds no ${kind.what} (${[...kind.readable].join(' ')})`);
  }
  if (all.length === 0) throw corrupt(folder, `holds no ${kind.what} of any class`);
  return all;
}

/** Of the folder and those in it, sorted. */
async function filesIn(folder: string, { readable, unreadable }: FileKind): Promise<string[]> {
  const names = await walk(folder);
  const bad = names.find((name) => unreadable.has(extname(name).toLowerCase()));
  if (bad !== undefined) throw corrupt(join(folder, bad), `cannot be read: convert it to one of ${[...readable].join(' ')}`);
  return names.filter((name) => readable.has(extname(name).toLowerCase()) && !/(?:^|[/\\])\./.test(name)).sort();
}

/** Paths from the folder on, through links too, but none back to a folder that the path came through. */
async function walk(folder: string, through = '', above?: readonly string[]): Promise<string[]> {
  const real = await realpath(join(folder, through));
  const way = above ?? ancestorsOf(real);
  if (way.includes(real)) return [];
  const found: string[] = [];
  for (const name of await readdir(join(folder, through))) {
    const path = join(through, name);
    const entry = await stat(join(folder, path));
    if (entry.isDirectory()) found.push(...(await walk(folder, path, [...way, real])));
    else found.push(path);
  }
  return found;
}

/** The folders that a path lies in. */
function ancestorsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...ancestorsOf(parent)];
}

async function described(path: string, label: number, folder: string): Promise<ExampleFile> {
  const { size, mtimeMs } = await stat(path);
  return { path, name: relative(folder, path), label, size, changed: mtimeMs };
}

function wrongClasses(folder: string, count: number, { what, example }: FileKind): NasError {
  const [one, other] = example.map((name) => join(folder, name));
  const wanted = `It needs a folder for every class, with its ${what} in it: such as ${one} and ${other}.`;
  const most = count > mostClasses ? ` At most ${mostClasses} classes can be told apart.` : '';
  const message = `${folder} has ${count === 1 ? 'one folder' : `${count} folders`}. ${wanted}${most}`;
  return new NasError('DATA_MISSING', message, { facts: { folder, classes: count } });
}
