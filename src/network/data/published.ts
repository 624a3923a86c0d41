import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NasError } from '../../core/errors.ts';
import type { DataHooks } from './definition.ts';
import { stagingFolder } from './download.ts';
import type { Places } from './places.ts';

/** A published data set: how its content is told from anything else, and who has it. */
export interface Published<Content> {
  readonly name: string;
  readonly title: string;
  /** Files or folders that a folder of it holds. */
  readonly parts: readonly string[];
  /** Whether a folder has them, whatever is in them. */
  isIn(folder: string): boolean;
  /** Reads and verifies a folder: what it gives does not need the folder any more. Throws NasError DATA_MISSING, DATA_CORRUPT. */
  read(folder: string, hooks: DataHooks): Promise<Content>;
  /** Where Debian's package puts it. */
  installed(places: Places): string;
  /** Ways to fetch it, in the order in which they are tried. */
  readonly downloads: readonly Download[];
  /** What a user can do who has it nowhere; `folder`: ours. */
  advice(folder: string): readonly string[];
}

export interface Download {
  readonly title: string;
  /** Gives the folder below `staging` that has the parts. Throws NasError DATA_DOWNLOAD. */
  into(staging: string, hooks: DataHooks, places: Places): Promise<string>;
}

/** One way to come by the content. What is corrupt is an error where it is the user's own, else a reason to try the next way. */
interface Way<Content> {
  readonly title: string;
  readonly owner: 'user' | 'others';
  read(): Promise<Content>;
}

/** The folder on this machine that has the parts, not yet verified. */
export const findPublished = (source: Published<unknown>, places: Places): string | undefined =>
  [
    join(places.cache, source.name),
    ...(places.local === undefined ? [] : [localFolder(places.local, source.name)]),
    source.installed(places),
  ].find((folder) => source.isIn(folder));

/**
 * What is in the folder that the user names, or else, in this order: cache, NAS_DATA, Debian's installed package, downloads. These
 * are verified before they enter the cache. Throws NasError DATA_MISSING, DATA_CORRUPT.
 */
export function readPublished<Content>(
  source: Published<Content>,
  folder: string | undefined,
  hooks: DataHooks,
  places: Places,
): Promise<Content> {
  // Who names a folder wants what is in it, and nothing else.
  return folder === undefined ? firstThatWorks(source, waysTo(source, hooks, places), places) : source.read(folder, hooks);
}

async function firstThatWorks<Content>(
  source: Published<Content>,
  ways: readonly Way<Content>[],
  places: Places,
): Promise<Content> {
  const tried: string[] = [];
  for (const way of ways) {
    try {
      return await way.read();
    } catch (error) {
      if (!(error instanceof NasError)) throw error;
      if (way.owner === 'user' && error.code === 'DATA_CORRUPT') throw error;
      tried.push(`${way.title}: ${error.message}`);
    }
  }
  throw missing(source, tried, places);
}

function waysTo<Content>(source: Published<Content>, hooks: DataHooks, places: Places): Way<Content>[] {
  const inFolder = (title: string, owner: Way<Content>['owner'], path: string): Way<Content> => ({
    title,
    owner,
    read: () => source.read(path, hooks),
  });
  return [
    inFolder('cache', 'others', join(places.cache, source.name)),
    ...(places.local === undefined ? [] : [inFolder('NAS_DATA', 'user', localFolder(places.local, source.name))]),
    inFolder("Debian's package", 'others', source.installed(places)),
    ...source.downloads.map((download): Way<Content> => {
      const read = () => fetchAndKeep(source, download, hooks, places);
      return { title: download.title, owner: 'others', read };
    }),
  ];
}

function localFolder(local: string, name: string): string {
  const own = join(local, name);
  return existsSync(own) ? own : local;
}

/** Downloads, verifies, and only then moves the parts into the cache, each by one rename. */
async function fetchAndKeep<Content>(
  source: Published<Content>,
  download: Download,
  hooks: DataHooks,
  places: Places,
): Promise<Content> {
  const staging = await stagingFolder(places.cache);
  try {
    const folder = await download.into(staging.folder, hooks, places);
    const content = await source.read(folder, hooks);
    if (staging.inCache) await moveParts(source, folder, join(places.cache, source.name));
    return content;
  } finally {
    await rm(staging.folder, { recursive: true, force: true });
  }
}

async function moveParts({ parts }: Published<unknown>, from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const part of parts) {
    await rename(join(from, part), join(to, part)).catch(async () => {
      // A folder is not renamed over another one, which is damaged, or has just been put there by somebody else.
      await rename(join(to, part), join(from, `${part}.old`)).catch(() => undefined);
      await rename(join(from, part), join(to, part));
    });
  }
}

function missing(source: Published<unknown>, tried: readonly string[], places: Places): NasError {
  const advice = source.advice(join(places.cache, source.name));
  const message = `${source.title} cannot be had. Tried:\n  - ${tried.join('\n  - ')}\nOne of these helps: ${advice.join('; or ')}.`;
  return new NasError('DATA_MISSING', message, { facts: { data: source.name, tried: [...tried] } });
}
