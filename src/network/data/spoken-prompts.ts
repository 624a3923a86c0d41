import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { NasError } from '../../core/errors.ts';
import { loadExamples } from './class-folder/class-folder.ts';
import type { ClassFolder, ExampleFile } from './class-folder/layout.ts';
import type { DataHooks, DatasetDefinition } from './definition.ts';
import { fetchDebianPackage } from './download.ts';
import { checkFolder } from './folder.ts';
import { corrupt } from './idx.ts';
import type { Places } from './places.ts';
import { findPublished, type Published, readPublished } from './published.ts';
import { soundView } from './sound-folder.ts';

interface Language {
  readonly name: string;
  readonly folder: string;
  readonly debianPackage: string;
  /** SHA-256 of names and contents of its recordings (`recordingsOf`). */
  readonly pin: string;
}

/** English and Spanish are spoken by the same person: there the language tells, not the voice. */
const languages: readonly Language[] = [
  {
    name: 'English',
    folder: 'en_US_f_Allison',
    debianPackage: 'asterisk-core-sounds-en-wav',
    pin: '44e3e63260bb7c768b58c1383962c050120f84e2b9512179b29f5c95e316fba6',
  },
  {
    name: 'Spanish',
    folder: 'es_MX_f_Allison',
    debianPackage: 'asterisk-core-sounds-es-wav',
    pin: 'c3204eacd87ac6a77669e0f588c1a668287d35b4561e77356ba4b13c685071a7',
  },
  {
    name: 'French',
    folder: 'fr_CA_f_June',
    debianPackage: 'asterisk-core-sounds-fr-wav',
    pin: '728bf2f6527659f41aff45aea283d1ac5d0985013f0c5db1ff868e922dea89b9',
  },
  {
    name: 'Italian',
    folder: 'it_IT_m_Carlo',
    debianPackage: 'asterisk-core-sounds-it-wav',
    pin: '0a2bab012c98cddff1241af9bf8792ce4b276ffa81383b4a1534a505a3466c58',
  },
  {
    name: 'Russian',
    folder: 'ru_RU_f_IvrvoiceRU',
    debianPackage: 'asterisk-core-sounds-ru-wav',
    pin: '79264bb105cf98a9a79f7ab069699158ee94ff3a1d9fdd26d09a84d35f4ce8c5',
  },
];

/** Where all of these packages put their sounds. */
const debianFolder = 'usr/share/asterisk/sounds';

/** Pauses and tones are not. */
const isSpeech = (path: string): boolean =>
  path.endsWith('.wav') && !path.startsWith('silence/') && !/(?:beep|beeperr|2tone)\.wav$/.test(path);

/** One file has no more than that. */
const wavHeader = 44;

const source: Published<ClassFolder> = {
  name: 'spoken-prompts',
  title: 'The spoken prompts',
  parts: languages.map(({ folder }) => folder),
  isIn: (folder) => languages.every((language) => existsSync(join(folder, language.folder))),
  read: readRecordings,
  installed: ({ prompts }) => prompts,
  downloads: [{ title: "Debian's packages, downloaded", into: fetchPackages }],
  advice: (folder) => [
    `install Debian's packages ${languages.map(({ debianPackage }) => debianPackage).join(', ')}`,
    `unpack them, on any system, and put ${languages.map((language) => language.folder).join(', ')} into ${folder}`,
    'name a folder that holds these in data.folder or NAS_DATA',
  ],
};

/**
 * The prompts of Asterisk 1.6.1's core sounds (CC BY-SA 3.0, CC BY 3.0): words, digits, letters and sentences for the telephone,
 * as WAV files of 8 kHz, some 550 in each of five languages. Which language is it?
 */
export const spokenPrompts: DatasetDefinition = {
  name: source.name,
  summary: '2,760 recordings of 8 kHz: telephone prompts spoken in 5 languages; found on the machine or fetched',
  needsFolder: false,
  options: ['seconds', 'mels', 'hop'],
  find: (places) => findPublished(source, places),
  async load(options, hooks, places) {
    const view = soundView({ ...options, rate: 8000 });
    const found = await readPublished(source, options.folder, hooks, places);
    return loadExamples({ name: source.name, place: source.name }, found, view, options, hooks, places);
  },
};

async function readRecordings(folder: string, hooks: DataHooks): Promise<ClassFolder> {
  checkFolder(folder);
  const train: ExampleFile[] = [];
  for (const [label, language] of languages.entries()) {
    hooks.progress({ stage: 'read data', done: label, total: languages.length });
    train.push(...(await recordingsOf(join(folder, language.folder), language, label)));
  }
  hooks.progress({ stage: 'read data', done: languages.length, total: languages.length });
  return { classes: languages.map(({ name }) => name), train };
}

/** Verified, with their content, wherever that lies. In the order of their names. */
async function recordingsOf(folder: string, { pin }: Language, label: number): Promise<ExampleFile[]> {
  if (!existsSync(folder)) throw new NasError('DATA_MISSING', `${folder} is not there.`, { facts: { folder } });
  const names = (await readdir(folder, { recursive: true })).map((name) => name.replaceAll('\\', '/')).sort();
  const files: ExampleFile[] = [];
  const hash = createHash('sha256');
  for (const name of names) {
    const path = join(folder, name);
    if (!isSpeech(name)) continue;
    const bytes = await readFile(path);
    if (bytes.length <= wavHeader) continue;
    hash.update(`${name}\0`).update(bytes);
    files.push({ path, name, label, size: bytes.length, changed: 0, bytes });
  }
  const found = hash.digest('hex');
  if (found !== pin) throw corrupt(folder, `the SHA-256 of its recordings is ${found}, not ${pin}`);
  return files;
}

/** Each language is a package of its own; afterwards their folders lie side by side. */
async function fetchPackages(staging: string, hooks: DataHooks, places: Places): Promise<string> {
  const all = join(staging, 'all');
  await mkdir(all);
  for (const { folder, debianPackage } of languages) {
    const own = join(staging, debianPackage);
    await mkdir(own);
    const root = await fetchDebianPackage(debianPackage, own, hooks, places);
    await rename(join(root, debianFolder, folder), join(all, folder));
  }
  return all;
}
