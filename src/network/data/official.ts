import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NasError } from '../../core/errors.ts';
import type { DataHooks, DatasetDefinition } from './definition.ts';
import { fetchDebianPackage, fetchFile, stagingFolder } from './download.ts';
import {
  buildDataset,
  hasMnistFiles,
  type MnistContent,
  type MnistFileName,
  mnistFiles,
  readMnistFolder,
} from './mnist-files.ts';
import type { Places } from './places.ts';

/** A published data set in MNIST's layout: what it must contain, and who has it. */
export interface OfficialSource {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly classes: readonly string[];
  /** SHA-256 of each file's unpacked content. */
  readonly pins: Readonly<Record<MnistFileName, string>>;
  /** Its own site, ending in `/`; the files are there as `<name>.gz`. */
  readonly site: string;
  readonly debianPackage: string;
}

/** One way to come by the files. A corrupt file is an error where it is the user's own, else a reason to try the next way. */
interface Way {
  readonly title: string;
  readonly owner: 'user' | 'others';
  read(): Promise<MnistContent>;
}

/**
 * Finds the files in the folder that the user names, or else in this order: cache, NAS_DATA, Debian's installed package, the data set's own site, Debian's
 * package without installing it. Downloads are verified before they enter the cache.
 */
export function officialDataset(source: OfficialSource): DatasetDefinition {
  return {
    name: source.name,
    summary: source.summary,
    needsFolder: false,
    find: (places) => foldersOf(source.name, places).find(hasMnistFiles),
    async load(options, hooks, places) {
      const { folder } = options;
      // Who names a folder wants what is in it, and nothing else.
      const content = await (folder === undefined
        ? firstThatWorks(source, waysTo(source, hooks, places), places)
        : readMnistFolder(folder, hooks, source.pins));
      return buildDataset(source.name, content, source.classes, options);
    },
  };
}

const foldersOf = (name: string, { cache, local, installed }: Places): string[] => [
  join(cache, name),
  ...(local === undefined ? [] : [localFolder(local, name)]),
  join(installed, name),
];

async function firstThatWorks(source: OfficialSource, ways: readonly Way[], places: Places): Promise<MnistContent> {
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

function waysTo(source: OfficialSource, hooks: DataHooks, places: Places): Way[] {
  const inFolder = (title: string, owner: Way['owner'], path: string): Way => ({
    title,
    owner,
    read: () => readMnistFolder(path, hooks, source.pins),
  });
  const download = (title: string, into: (staging: string) => Promise<string>): Way => ({
    title,
    owner: 'others',
    read: () => fetchAndKeep(source, into, hooks, places),
  });
  return [
    inFolder('cache', 'others', join(places.cache, source.name)),
    ...(places.local === undefined ? [] : [inFolder('NAS_DATA', 'user', localFolder(places.local, source.name))]),
    inFolder("Debian's package", 'others', join(places.installed, source.name)),
    download('its own site', (staging) => fetchFromSite(source, staging, hooks)),
    download("Debian's package, downloaded", async (staging) => {
      const root = await fetchDebianPackage(source.debianPackage, staging, hooks, places);
      return join(root, 'usr/share/datasets', source.name);
    }),
  ];
}

function localFolder(local: string, name: string): string {
  const own = join(local, name);
  return existsSync(own) ? own : local;
}

async function fetchFromSite(source: OfficialSource, staging: string, hooks: DataHooks): Promise<string> {
  for (const { name } of mnistFiles) await fetchFile(source.site, `${name}.gz`, staging, hooks);
  return staging;
}

/** Downloads, verifies, and only then moves the files into the cache, each by one rename. */
async function fetchAndKeep(
  source: OfficialSource,
  into: (staging: string) => Promise<string>,
  hooks: DataHooks,
  places: Places,
): Promise<MnistContent> {
  const staging = await stagingFolder(places.cache);
  try {
    const folder = await into(staging.folder);
    const content = await readMnistFolder(folder, hooks, source.pins);
    if (staging.inCache) await moveFiles(folder, join(places.cache, source.name));
    return content;
  } finally {
    await rm(staging.folder, { recursive: true, force: true });
  }
}

async function moveFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const { name } of mnistFiles) await rename(join(from, `${name}.gz`), join(to, `${name}.gz`));
}

function missing(source: OfficialSource, tried: readonly string[], places: Places): NasError {
  const advice = [
    `put ${mnistFiles.map(({ name }) => `${name}.gz`).join(', ')} from ${source.site} into ${join(places.cache, source.name)}`,
    'name a folder that holds them in data.folder or NAS_DATA',
    `install Debian's package ${source.debianPackage}`,
  ];
  const message = `${source.title} cannot be had. Tried:\n  - ${tried.join('\n  - ')}\nOne of these helps: ${advice.join('; or ')}.`;
  return new NasError('DATA_MISSING', message, { facts: { data: source.name, tried: [...tried] } });
}
