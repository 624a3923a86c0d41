import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds (Linux). */
export interface Holdings {
  readonly pid: number;
  readonly rssMb: number;
  /** Private memory: what is left without the files that are mapped. */
  readonly anonymousMb: number;
  readonly descriptors: number;
  readonly threads: number;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process is gone
  }
}

function descriptorsOf(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** Undefined for a process that is gone. */
export function holdingsOf(pid: number): Holdings | undefined {
  const status = read(`/proc/${pid}/status`);
  const descriptors = descriptorsOf(pid);
  const number = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status ?? '')?.[1]);
  if (descriptors === undefined || !Number.isFinite(number('VmRSS'))) return undefined;
  return {
    pid,
    rssMb: number('VmRSS') / 1024,
    anonymousMb: number('RssAnon') / 1024,
    descriptors,
    threads: number('Threads'),
  };
}

/** The living children of a process whose command line has this text. */
export function childrenOf(parent: number, text = ''): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const stat = read(`/proc/${name}/stat`);
      const [state, ppid] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
      return Number(ppid) === parent && state !== 'Z' && read(`/proc/${name}/cmdline`)?.includes(text);
    })
    .map(Number);
}
