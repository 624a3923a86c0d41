import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, NasError } from '../../core/errors.ts';
import { formatBytes } from '../../dashboard/format.ts';
import { openStore, readStudy, type StudyView } from '../../store/index.ts';
import { artefactFolder } from '../artefact-folder.ts';
import { mayGoOn, neededFiles, type Swept, sweep } from '../garbage.ts';
import { leaseStudy } from '../lease.ts';
import { print, printJson } from '../output.ts';

export interface GcFlags {
  readonly db: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `nas gc`: removes the files beside a database that no front needs. Throws NasError STORE_LOCKED while a study is searched. */
export function collectGarbage({ db, yes = false, json }: GcFlags): void {
  const folder = artefactFolder(db);
  // Before the studies are listed: a study that begins just now has its first model later.
  const files = orExplained(folder, () => filesIn(folder));
  const found = withAllStudies(db, yes, (views) => {
    const swept = sweep(files, neededFiles(views), mayGoOn(views));
    const names = yes ? swept.flatMap(({ files }) => files) : [];
    orExplained(folder, () => {
      for (const name of names) rmSync(join(folder, name), { force: true });
    });
    return swept;
  });
  if (json)
    printJson({ folder, removed: yes, ...Object.fromEntries(found.map(({ kind, files, bytes }) => [kind, { files, bytes }])) });
  else print(describe(found, folder, yes));
}

/** To remove anything the lease of every study is needed: nothing may be written meanwhile. */
function withAllStudies<T>(db: string, removes: boolean, use: (views: readonly StudyView[]) => T): T {
  const reader = openStore(db, { mode: 'read' }); // refuses to make a database
  try {
    if (!removes) return use(reader.list().map(({ name }) => readStudy(reader, name)));
  } finally {
    reader.close();
  }
  const store = openStore(db, { mode: 'write' });
  try {
    const names = store.list().map(({ name }) => name);
    for (const name of names) leaseStudy(store, name, db, ' Nothing was removed.');
    return use(names.map((name) => readStudy(store, name)));
  } finally {
    store.close();
  }
}

/** Throws NasError GC_FOLDER. */
function orExplained<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code: cause = '' } = error as NodeJS.ErrnoException;
    const message = `${folder} cannot be tidied (${cause}). Check the folder and its rights, and run the same command again.`;
    throw new NasError('GC_FOLDER', message, { facts: { folder, cause }, exitCode: exitCodes.failure, cause: error });
  }
}

function filesIn(folder: string): { readonly name: string; readonly bytes: number }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const stat = lstatSync(join(folder, name));
    return stat.isFile() ? [{ name, bytes: stat.size }] : [];
  });
}

const words: Record<Swept['kind'], string> = {
  models: 'models that no front needs',
  checkpoints: 'checkpoints that no search goes on from',
  trainings: 'trainings that were killed half-way',
  leftovers: 'half-written files of searches that were killed',
};

function describe(found: readonly Swept[], folder: string, removed: boolean): string {
  const total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  const lines = found
    .filter(({ files }) => files.length > 0)
    .map(({ kind, files, bytes }) => `${String(files.length).padStart(6)} ${words[kind]}, ${formatBytes(bytes)}`);
  if (lines.length === 0) return `Nothing to remove in ${folder}.`;
  return [
    ...lines,
    removed
      ? `Removed from ${folder}: ${formatBytes(total)}.`
      : `In ${folder}: ${formatBytes(total)}. Nothing was removed yet: add --yes.`,
  ].join('\n');
}
