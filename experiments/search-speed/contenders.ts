import { type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { proportionalMb } from '../main-job/processes.ts';

export interface Ran {
  readonly seconds: number;
  /** Of all its processes together, what they share counted once. */
  readonly peakMb: number;
  readonly output: string;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const everyMs = 250;
/** What a peer ends with where Python lacks it. */
const missing = 3;

/** Runs a command to its end; undefined where what it needs is not there. */
async function timed(command: string, args: readonly string[], options: SpawnOptions): Promise<Ran | undefined> {
  const startedAt = performance.now();
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  let [peakMb, output] = [0, ''];
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, child.pid === undefined ? 0 : proportionalMb(child.pid));
  }, everyMs);
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve).on('error', () => resolve(missing)));
  clearInterval(timer);
  if (code === missing) return undefined;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${String(code)}: ${output}`);
  return { seconds: (performance.now() - startedAt) / 1000, peakMb, output };
}

/** The built command, in a folder of its own and without a cache, but for the `data`: the dense network is trained too. */
export async function runEspalier(folder: string, data: string, trials: number, workers: number): Promise<Ran> {
  const args = ['search', '--space', here('space.yaml'), '--trials', String(trials), '--workers', String(workers), '--plain'];
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), NAS_DATA: data };
  return (await timed(process.execPath, [here('../../dist/bin/nas.js'), ...args], { cwd: folder, env }))!;
}

/** A peer by the name of its script. */
export interface PeerRun extends Ran {
  readonly version: string;
  readonly accuracies: readonly number[];
}

export interface PeerOptions {
  readonly python: string;
  readonly work: string;
  readonly folder: string;
  readonly workers: number;
}

/** Undefined where Python or what the script imports is not there. */
export async function runPeer(script: string, { python, work, folder, workers }: PeerOptions): Promise<PeerRun | undefined> {
  const ran = await timed(python, [here(script), work, folder, String(workers)], { cwd: folder, env: process.env });
  if (!ran) return undefined;
  const said = JSON.parse(ran.output.trim().split('\n').at(-1)!) as Pick<PeerRun, 'version' | 'accuracies'>;
  return { ...ran, ...said };
}
