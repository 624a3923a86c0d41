import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean, NasError } from '../../../core/errors.ts';

/**
 * The path of the space file that a name or path means: the file itself, with `.yaml` or `.yml` added where it has none; else, for
 * a bare name, the bundled one. Throws NasError SPACE_MISSING_FILE (lists what there is) and SPACE_UNREADABLE.
 */
export function resolveSpaceFile(nameOrPath: string, bundledFolder: string): string {
  const names = /\.ya?ml$/i.test(nameOrPath) ? [nameOrPath] : [nameOrPath, `${nameOrPath}.yaml`, `${nameOrPath}.yml`];
  const bare = !/[\\/]/.test(nameOrPath);
  const candidates = [...names, ...(bare ? names.map((name) => join(bundledFolder, name)) : [])];
  const file = candidates.find(isFile);
  if (file === undefined) throw candidates.some(isFolder) ? folder(nameOrPath) : missing(nameOrPath, bundledFolder);
  try {
    accessSync(file, constants.R_OK);
    return file;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown reason';
    throw new NasError('SPACE_UNREADABLE', `the space file ${file} cannot be read: ${reason}`, { facts: { file }, cause });
  }
}

/** Names of the space files in a folder, none where there is no such folder. */
export function listSpaceFiles(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/i.test(name) && isFile(join(folder, name)))
    .sort();
}

/** A path that cannot be looked at (a name too long, say) is no file either. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

const folder = (name: string) =>
  new NasError(
    'SPACE_MISSING_FILE',
    `"${name}" is a folder, not a space file: name a file, such as ${join(name, 'space.yaml')}.`,
    {
      facts: { name },
    },
  );

function missing(name: string, bundledFolder: string): NasError {
  const local = listSpaceFiles('.');
  const bundled = listSpaceFiles(bundledFolder);
  const all = [...new Set([...local, ...bundled])];
  const stems = all.map((file) => file.replace(/\.ya?ml$/i, ''));
  const guess = didYouMean(name, /\.ya?ml$/i.test(name) ? all : stems);
  const here = local.length === 0 ? '' : ` Here: ${local.join(', ')}.`;
  const message = `there is no space file "${name}".${guess}${here} Bundled: ${bundled.join(', ') || 'none'}. nas init writes a new one.`;
  return new NasError('SPACE_MISSING_FILE', message, { facts: { name, local, bundled } });
}
