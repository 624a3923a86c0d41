import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placesOf } from '../network/data/places.ts';

/** The spaces that ship with the package; they lie beside src/ and dist/ alike. */
export const bundledSpaces = fileURLToPath(new URL('../../search-spaces', import.meta.url));

/** The guides, in the package beside src/ and dist/ alike. */
export const guidesFolder = fileURLToPath(new URL('../../src/cli/guides', import.meta.url));

/** Trained baselines, shared by all studies of this user. */
export const baselineFolder = (): string => join(dirname(placesOf().cache), 'baselines');
