import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/** What decides which candidates a controller proposes, one result after the other. */
const folders = ['search/controllers', 'search/space', 'search/bench'];
const files = [
  'core/rng.ts',
  'core/objective.ts',
  'search/study/hypervolume.ts',
  'search/study/levels.ts',
  'search/study/pareto.ts',
];

/** Changes with that source: runs of our controllers are kept under it. */
export const sourceVersion = (): string => hashOf(folders, files);

/** The same, of searches under a scheduler. `version`: of those without. */
export const schedulersVersion = (version: string): string =>
  `${version}-${hashOf(['search/schedulers'], ['core/scheduler.ts'])}`;

function hashOf(folders: readonly string[], files: readonly string[]): string {
  const inFolders = folders.flatMap((folder) =>
    readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith('file/')) // reading a space file proposes nothing
      .map((file) => join(folder, file)),
  );
  const hash = createHash('sha256');
  for (const file of [...inFolders, ...files].sort()) hash.update(readFileSync(join(source, file)));
  return hash.digest('hex').slice(0, 12);
}
