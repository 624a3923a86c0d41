import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { libraryName, wasmName } from '../../export/web/assets.ts';

/**
 * Copies the two files of onnxruntime-web that a web bundle ships, 14 of the package's 140 MB, into `dist`: who installs
 * espalier does not need the rest.
 */
export async function copyRuntime(dist: string): Promise<void> {
  const from = dirname(createRequire(import.meta.url).resolve(`onnxruntime-web/${wasmName}`));
  const to = join(dist, 'export/web/ort');
  await mkdir(to, { recursive: true });
  for (const name of [libraryName, wasmName]) await copyFile(join(from, name), join(to, name));
}
