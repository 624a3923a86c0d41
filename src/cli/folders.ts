import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placesOf } from '../network/data/places.ts';
import { namedFile } from '../store/named.ts';

/** The spaces that ship with the package; they lie beside src/ and dist/ alike. */
export const bundledSpaces = fileURLToPath(new URL('../../search-spaces', import.meta.url));

/** The guides, in the package beside src/ and dist/ alike. */
export const guidesFolder = fileURLToPath(new URL('../../src/cli/guides', import.meta.url));

/** Measured models of a database lie beside it: `nas.db` → `nas.artefacts/`. */
export function artefactFolder(database: string): string {
  const file = namedFile(database);
  return join(dirname(resolve(file)), `${basename(file).replace(/\.db$/, '')}.artefacts`);
}

/** Trained baselines, shared by all studies of this user. */
export const baselineFolder = (): string => join(dirname(placesOf().cache), 'baselines');
