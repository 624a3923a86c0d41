import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { NasError } from '../../core/errors.ts';

/** Throws NasError DATA_MISSING where a user's own folder is not there. */
export function checkFolder(folder: string): void {
  if (existsSync(folder)) return;
  const path = resolve(folder);
  const where = path === folder ? '' : `: looked for ${path}`;
  throw new NasError('DATA_MISSING', `there is no data folder "${folder}"${where}.`, { facts: { folder, path } });
}
