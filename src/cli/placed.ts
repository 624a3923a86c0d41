import { NasError } from '../core/errors.ts';
import type { SpaceFile } from '../search/space/file/parse.ts';
import { placedAt } from '../search/space/file/place.ts';

/** What of a space file turns out to be wrong only once the data are read, and where it stands. */
const places: Readonly<Record<string, readonly string[]>> = {
  DATA_MISSING: ['data', 'folder'],
  DATA_TOO_SMALL: ['data', 'validation'],
  SPACE_INFEASIBLE: ['constraints'],
};

/** Its errors show their place in the space file, as those do that are found by reading it. */
export async function placing<T>(space: Pick<SpaceFile, 'text' | 'file'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const path = error instanceof NasError && !error.at ? pathOf(error) : undefined;
    throw path ? placedAt(error as NasError, space, path) : error;
  }
}

function pathOf({ code, facts }: NasError): readonly string[] | undefined {
  const { section } = facts;
  return code === 'DATA_BATCH' && typeof section === 'string' ? [section, 'batchSize'] : places[code];
}
