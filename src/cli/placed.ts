import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { metricParts } from '../core/catalog.ts';
import { NasError } from '../core/errors.ts';
import type { Goal } from '../core/objective.ts';
import type { SpaceFile } from '../search/space/file/parse.ts';
import { placedAt } from '../search/space/file/place.ts';

/** What of a space file turns out to be wrong only once the data are read, and where it stands. */
const places: Readonly<Record<string, readonly string[]>> = {
  DEVICE_TOKEN: ['latency', 'on'],
  DEVICE_UNREACHABLE: ['latency', 'on'],
  DEVICE_VERSION: ['latency', 'on'],
  DATA_MISSING: ['data', 'folder'],
  DATA_TOO_SMALL: ['data', 'validation'],
  LATENCY_THREADS: ['latency', 'threads'],
  SPACE_INFEASIBLE: ['constraints'],
};

type PlacedSpace = Pick<SpaceFile, 'text' | 'file' | 'goal'>;

/** Its errors show their place in the space file, as those do that are found by reading it. */
export async function placing<T>(space: PlacedSpace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const path = error instanceof NasError && !error.at ? pathOf(error, space.goal) : undefined;
    throw path ? placedAt(withFolderBeside(error as NasError, space.file), space, path) : error;
  }
}

/** A data folder counts from where one searches: one that lies beside the space file instead is named. */
function withFolderBeside(error: NasError, space: string): NasError {
  const { folder } = error.facts;
  if (error.code !== 'DATA_MISSING' || typeof folder !== 'string' || isAbsolute(folder) || existsSync(folder)) return error;
  const beside = join(dirname(space), folder);
  if (!existsSync(beside)) return error;
  const hint = `data.folder counts from where you search: write ${beside} for the one beside the space file.`;
  return new NasError(error.code, `${error.message} ${hint}`, { facts: { ...error.facts, beside } });
}

function pathOf({ code, facts }: NasError, goal: Goal): readonly string[] | undefined {
  const { section, where, class: className } = facts;
  if (code === 'DATA_CLASS' && typeof className === 'string') return whereClass(className, goal);
  if (code === 'DATA_SOUND' && typeof where === 'string') return where.split('.');
  return code === 'DATA_BATCH' && typeof section === 'string' ? [section, 'batchSize'] : places[code];
}

/** Where a goal first names a class; the target that a search ends at may do so too. */
function whereClass(className: string, { objectives, constraints }: Goal): string[] {
  const isOf = ({ metric }: { readonly metric: string }) => metricParts(metric).of === className;
  const constraint = constraints.findIndex(isOf);
  if (constraint >= 0) return ['constraints', `${constraint}`];
  const objective = objectives.find(isOf);
  return objective ? ['objectives', objective.metric] : ['search', 'target'];
}
