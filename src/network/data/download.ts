import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { NasError } from '../../core/errors.ts';
import type { DataHooks } from './definition.ts';
import type { Places } from './places.ts';

const largestDownload = 2 ** 28;
const commandTimeoutMs = 10 * 60_000;

/**
 * Fetches a file into `folder` under its own name, with progress in bytes. Gives up when nothing arrives for `idleMs`.
 * Throws NasError DATA_DOWNLOAD.
 */
export async function fetchFile(site: string, name: string, folder: string, hooks: DataHooks, idleMs = 30_000): Promise<void> {
  const url = new URL(name, site).href;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`nothing arrived for ${idleMs / 1000} s`)), idleMs);
  try {
    const response = await fetch(url, { signal: stalled.signal });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status} ${response.statusText}`);
    const length = Number(response.headers.get('content-length') ?? 0);
    const watched = watch(response.body, (done) => {
      timer.refresh();
      hooks.progress({ stage: `fetch ${name}`, done, total: Math.max(length, done) });
    });
    await pipeline(watched, createWriteStream(join(folder, name), { flags: 'wx' }));
  } catch (error) {
    throw new NasError('DATA_DOWNLOAD', `${url}: ${reasonOf(error)}.`, { facts: { url }, cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function* watch(body: AsyncIterable<Uint8Array>, report: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of body) {
    done += chunk.length;
    if (done > largestDownload) throw new Error(`more than ${largestDownload} bytes`);
    report(done);
    yield chunk;
  }
}

/**
 * Downloads and unpacks a Debian package below `folder`, without installing it (no root needed). Returns the folder
 * that stands for `/`. Throws NasError DATA_DOWNLOAD.
 */
export async function fetchDebianPackage(name: string, folder: string, hooks: DataHooks, places: Places): Promise<string> {
  const stage = `fetch Debian's ${name}`;
  hooks.progress({ stage, done: 0, total: 2 });
  await command(places.aptGet, ['download', name], folder);
  hooks.progress({ stage, done: 1, total: 2 });
  const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
  if (!archive) throw new NasError('DATA_DOWNLOAD', `${places.aptGet} download ${name} left no package behind.`);
  const root = join(folder, 'root');
  await command(places.dpkgDeb, ['--extract', archive, root], folder);
  hooks.progress({ stage, done: 2, total: 2 });
  return root;
}

/**
 * A new folder to download into: in the cache, so that finished files move into place by renaming, or among the
 * temporary files where the cache cannot be written.
 */
export async function stagingFolder(cache: string): Promise<{ readonly folder: string; readonly inCache: boolean }> {
  try {
    await mkdir(cache, { recursive: true });
    return { folder: await mkdtemp(join(cache, '.download-')), inCache: true };
  } catch {
    return { folder: await mkdtemp(join(tmpdir(), 'espalier-download-')), inCache: false };
  }
}

async function command(program: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(program, args, { cwd, timeout: commandTimeoutMs, env: { ...process.env, LC_ALL: 'C' } });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
    throw new NasError('DATA_DOWNLOAD', `${program} ${args.join(' ')}: ${said || reasonOf(error)}.`, { cause: error });
  }
}

/** `fetch failed` says nothing; its cause does (ENOTFOUND, ECONNREFUSED …). */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}
