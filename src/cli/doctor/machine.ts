import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os';
import { join, sep } from 'node:path';
import { nearestThere } from '../../export/written.ts';
import { homeFolder } from '../../network/data/places.ts';
import { whyUnwritable } from '../writable.ts';

/** What a machine has, as far as can be seen without loading a driver. */
export interface MachineFacts {
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  /** Vector instructions that decide how fast training and 8-bit models run; empty where the system does not tell. */
  readonly simd: readonly string[];
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  /** Bytes that are free where models and data go. `unwritable`: why nothing can be kept there. */
  readonly disk: { readonly folder: string; readonly free: number; readonly unwritable?: string };
  readonly gpus: readonly string[];
}

export function machineFacts(folder: string): MachineFacts {
  return {
    platform: `${platform()}-${arch()}`,
    processor: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    simd: simdOf(readIfThere('/proc/cpuinfo')),
    memory: { total: totalmem(), free: availableMemory() },
    disk: { ...diskOf(folder), ...unwritableOf(folder) },
    gpus: gpus(),
  };
}

/** Flags of /proc/cpuinfo, and what they are called. */
const simdNames = [
  ['avx2', 'AVX2'],
  ['avx512f', 'AVX-512'],
  ['avx512_vnni', 'VNNI'],
  ['avx_vnni', 'AVX-VNNI'],
  ['amx_int8', 'AMX'],
  ['asimddp', 'dot product'],
  ['asimd', 'NEON'],
] as const;

export function simdOf(cpuinfo: string): string[] {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const flags = new Set(line.split(/\s+/));
  return simdNames.filter(([flag]) => flags.has(flag)).map(([, name]) => name);
}

/** What programs can have: on Linux, caches give way to them. */
function availableMemory(): number {
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readIfThere('/proc/meminfo'))?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

function unwritableOf(folder: string): Pick<MachineFacts['disk'], 'unwritable'> {
  const reason = whyUnwritable(folder);
  return reason === undefined ? {} : { unwritable: `${folder}: ${reason}` };
}

/** The nearest folder that exists stands for one that is still to be made. */
function diskOf(folder: string): Pick<MachineFacts['disk'], 'folder' | 'free'> {
  const there = nearestThere(folder);
  const { bavail, bsize } = statfsSync(there);
  return { folder: there, free: bavail * bsize };
}

/** PCI vendors of /sys/class/drm. */
const vendors: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' };

/** NVIDIA's driver tells the model; of the others the vendor is known. On other systems than Linux: none is looked for. */
function gpus(): string[] {
  const nvidia = '/proc/driver/nvidia/gpus';
  const models = list(nvidia).map((id) => /^Model:\s*(.*)$/m.exec(readIfThere(join(nvidia, id, 'information')))?.[1] ?? 'NVIDIA');
  const cards = list('/sys/class/drm')
    .filter((name) => /^card\d+$/.test(name))
    .flatMap((name) => vendors[readIfThere(join('/sys/class/drm', name, 'device/vendor')).trim()] ?? []);
  return [...models, ...cards.filter((vendor) => vendor !== 'NVIDIA' || models.length === 0)];
}

const list = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `/home/me/x` → `~/x` */
export function shortPath(path: string, home = homeFolder()): string {
  const isInside = home !== undefined && `${path}${sep}`.startsWith(`${home}${sep}`);
  return isInside ? `~${path.slice(home.length)}` : path;
}
