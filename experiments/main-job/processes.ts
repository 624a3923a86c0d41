import { readdirSync, readFileSync } from 'node:fs';

/** Memory of a process and its descendants (Linux), in megabytes: resident; what several of them share counts in each. */
export const residentMb = (pid: number): number => sumMb(pid, 'status', /VmRSS:\s+(\d+)/);

/** The same, what several share counting once altogether (proportional set size). */
export const proportionalMb = (pid: number): number => sumMb(pid, 'smaps_rollup', /^Pss:\s+(\d+)/m);

function sumMb(pid: number, file: string, kilobytes: RegExp): number {
  return familyOf(pid).reduce((sum, id) => sum + Number(kilobytes.exec(readProc(id, file) ?? '')?.[1] ?? 0), 0) / 1024;
}

/** A process and its descendants. */
function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const id of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    const stat = readProc(id, 'stat');
    if (stat) parents.set(id, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isOurs = (id: number): boolean => id === pid || (parents.has(id) && parents.get(id)! > 1 && isOurs(parents.get(id)!));
  return [...parents.keys()].filter(isOurs);
}

function readProc(id: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
