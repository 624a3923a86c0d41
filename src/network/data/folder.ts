import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { NasError } from '../../core/errors.ts';
import type { DataOptions } from './definition.ts';

/** Throws NasError DATA_MISSING where a user's own folder is not there. */
export function checkFolder(folder: string): void {
  if (existsSync(folder)) return;
  const path = resolve(folder);
  const where = path === folder ? '' : `: looked for ${path}`;
  throw new NasError('DATA_MISSING', `there is no data folder "${folder}"${where}.`, { facts: { folder, path } });
}

/** The folder of a data set that cannot do without. `content`: what it holds. Throws NasError DATA_MISSING. */
export function namedFolder({ folder }: Pick<DataOptions, 'folder'>, content: string): string {
  if (folder !== undefined) return folder;
  throw new NasError('DATA_MISSING', `data.folder is missing: name the folder that holds ${content}.`);
}
