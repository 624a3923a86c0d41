import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { Places } from '../../../src/network/data/places.ts';
import { encodeIdx } from '../../fixtures/data.ts';

export const quiet = { progress: () => undefined };

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A machine that has nothing: everything lies in one temporary folder, and the programs are not there. */
export function emptyMachine(folder: string): Places {
  return {
    cache: join(folder, 'cache'),
    installed: join(folder, 'installed'),
    prompts: join(folder, 'prompts'),
    aptGet: join(folder, 'no-apt-get'),
    dpkgDeb: 'dpkg-deb',
  };
}

/** Unpacked content by file name: `train` and `test` images of 2×3 with labels 0 … classes-1 in turn. */
export function smallFiles({
  train = 12,
  test = 6,
  classes = 3,
  trainLabels = labelsInTurn(train, classes),
} = {}): Record<string, Buffer> {
  return {
    'train-labels-idx1-ubyte': encodeIdx([trainLabels.length], trainLabels),
    'train-images-idx3-ubyte': encodeIdx([train, 2, 3], countingBytes(train * 6)),
    't10k-labels-idx1-ubyte': encodeIdx([test], labelsInTurn(test, classes)),
    't10k-images-idx3-ubyte': encodeIdx([test, 2, 3], countingBytes(test * 6)),
  };
}

export async function writeGz(folder: string, files: Readonly<Record<string, Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, `${name}.gz`), gzipSync(content));
}

const labelsInTurn = (count: number, classes: number) => Uint8Array.from({ length: count }, (_, i) => i % classes);
const countingBytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => i % 256);
