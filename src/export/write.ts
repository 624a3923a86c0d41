import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NasError } from '../core/errors.ts';
import type { Certificate } from './certificate.ts';

/** Refuses a folder that has something in it, before minutes of measuring. Throws NasError EXPORT_FOLDER. */
export async function checkFolder(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new NasError('EXPORT_FOLDER', `--out ${folder} cannot be used: ${error.message}`, { facts: { folder } });
  });
  if (entries.length > 0) {
    throw new NasError('EXPORT_FOLDER', `--out ${folder} has files in it already. Name a new folder.`, { facts: { folder } });
  }
}

/**
 * Writes `model.onnx` (a copy of the measured bytes), `certificate.json` and `space.yaml` as a whole: the folder appears
 * complete or not at all.
 */
export async function writeExport(folder: string, model: string, certificate: Certificate, spaceText: string): Promise<void> {
  const target = resolve(folder);
  await mkdir(dirname(target), { recursive: true });
  const temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
  try {
    await copyFile(model, join(temporary, 'model.onnx'));
    await writeFile(join(temporary, 'certificate.json'), `${JSON.stringify(certificate, null, 2)}\n`);
    await writeFile(join(temporary, 'space.yaml'), spaceText);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}
