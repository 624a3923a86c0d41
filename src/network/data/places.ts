import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

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

export function placesOf(env: Readonly<Record<string, string | undefined>> = process.env): Places {
  // An empty or relative XDG_CACHE_HOME counts as unset (XDG base directory specification).
  const wished = env['XDG_CACHE_HOME'] ?? '';
  const cacheHome = isAbsolute(wished) ? wished : join(homedir(), '.cache');
  return {
    cache: join(cacheHome, 'espalier', 'datasets'),
    local: env['NAS_DATA'] || undefined,
    installed: '/usr/share/datasets',
    prompts: '/usr/share/asterisk/sounds',
    aptGet: 'apt-get',
    dpkgDeb: 'dpkg-deb',
  };
}
