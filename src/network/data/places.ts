import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { NasError } from '../../core/errors.ts';

/** Where this machine keeps data sets, and the programs that can fetch a Debian package without being root. */
export interface Places {
  /** Ours: one folder per data set. */
  readonly cache: string;
  /** The user's (NAS_DATA): the files themselves, or one folder per data set. */
  readonly local?: string | undefined;
  /** Where Debian's packages put theirs, one folder per data set. */
  readonly installed: string;
  /** Where Debian's packages of spoken prompts put theirs. */
  readonly prompts: string;
  readonly aptGet: string;
  readonly dpkgDeb: string;
}

/** Undefined for a user who has none, such as one of a container that is only a number. */
export function homeFolder(read: () => string = homedir): string | undefined {
  try {
    const home = read();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/** Throws NasError NO_HOME. */
export function placesOf(
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: () => string | undefined = homeFolder,
): Places {
  // An empty or relative XDG_CACHE_HOME counts as unset (XDG base directory specification).
  const wished = env['XDG_CACHE_HOME'] ?? '';
  const cacheHome = isAbsolute(wished) ? wished : join(home() ?? noHome(), '.cache');
  return {
    cache: join(cacheHome, 'espalier', 'datasets'),
    local: env['NAS_DATA'] || undefined,
    installed: '/usr/share/datasets',
    prompts: '/usr/share/asterisk/sounds',
    aptGet: 'apt-get',
    dpkgDeb: 'dpkg-deb',
  };
}

function noHome(): never {
  const message =
    'this user has no home folder, where data and trained baselines are kept. Set XDG_CACHE_HOME to a folder for them that can be written to.';
  throw new NasError('NO_HOME', message);
}
