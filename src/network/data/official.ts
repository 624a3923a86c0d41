import { join } from 'node:path';
import type { DataHooks, DatasetDefinition } from './definition.ts';
import { fetchDebianPackage, fetchFile } from './download.ts';
import {
  buildDataset,
  hasMnistFiles,
  type MnistContent,
  type MnistFileName,
  mnistFiles,
  readMnistFolder,
} from './mnist-files.ts';
import { findPublished, type Published, readPublished } from './published.ts';

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

/** A published data set in MNIST's layout, from wherever it can be had (`readPublished`). */
export function officialDataset(source: OfficialSource): DatasetDefinition {
  const published = publishedAs(source);
  return {
    name: source.name,
    summary: source.summary,
    needsFolder: false,
    find: (places) => findPublished(published, places),
    async load(options, hooks, places) {
      const content = await readPublished(published, options.folder, hooks, places);
      return buildDataset(source.name, content, source.classes, options);
    },
  };
}

function publishedAs({ name, title, pins, site, debianPackage }: OfficialSource): Published<MnistContent> {
  const parts = mnistFiles.map((file) => `${file.name}.gz`);
  const fromSite = async (staging: string, hooks: DataHooks) => {
    for (const part of parts) await fetchFile(site, part, staging, hooks);
    return staging;
  };
  return {
    name,
    title,
    parts,
    isIn: hasMnistFiles,
    read: (folder, hooks) => readMnistFolder(folder, hooks, pins),
    installed: ({ installed }) => join(installed, name),
    downloads: [
      { title: 'its own site', into: fromSite },
      {
        title: "Debian's package, downloaded",
        async into(staging, hooks, places) {
          const root = await fetchDebianPackage(debianPackage, staging, hooks, places);
          return join(root, 'usr/share/datasets', name);
        },
      },
    ],
    advice: (folder) => [
      `put ${parts.join(', ')} from ${site} into ${folder}`,
      'name a folder that holds them in data.folder or NAS_DATA',
      `install Debian's package ${debianPackage}`,
    ],
  };
}
