import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** As many as Linux follows. */
const mostLinks = 40;

/**
 * The file that a name stands for, links followed, also one that is not there yet. What lies beside a database is named after it:
 * the lease of a study would not keep out a second search that comes by another name. Hard links are files of their own.
 */
export function namedFile(name: string): string {
  let file = name;
  for (let i = 0; i < mostLinks; i++) {
    const target = targetOf(file);
    if (target === undefined) break;
    file = resolve(realpathSync(dirname(file)), target);
  }
  return file;
}

/** Undefined for what is no link. */
function targetOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
