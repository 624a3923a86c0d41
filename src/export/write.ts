import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { NasError } from '../core/errors.ts';
import { modelCard } from './card.ts';
import type { ExportFiles, ExportFormat, ExportSource } from './formats/format.ts';
import { cannotWrite, nearestThere, whyNoFolder } from './written.ts';

/** Refuses a folder that has something in it or cannot be made, before minutes of measuring. Throws NasError EXPORT_FOLDER. */
export async function checkFolder(folder: string): Promise<void> {
  const entries = await readdir(resolve(folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new NasError('EXPORT_FOLDER', `--out ${folder} cannot be used: ${error.message}`, { facts: { folder } });
  });
  if (entries.length > 0) {
    throw new NasError('EXPORT_FOLDER', `--out ${folder} has files in it already. Name a new folder.`, { facts: { folder } });
  }
  const why = whyNoFolder(nearestThere(dirname(resolve(folder))));
  if (why !== undefined) throw new NasError('EXPORT_FOLDER', `--out ${folder} cannot be used: ${why}.`, { facts: { folder } });
}

/**
 * What every export holds: the measured bytes, their certificate, the model card, the space with the networks that it names, and
 * the formats asked for.
 */
export async function exportFiles(
  source: ExportSource,
  space: ExportFiles,
  formats: readonly ExportFormat[],
): Promise<ExportFiles> {
  const further = await Promise.all(formats.map(async (format) => format.files(source)));
  return {
    'model.onnx': source.model,
    'certificate.json': `${JSON.stringify(source.certificate, null, 2)}\n`,
    'README.md': modelCard(source, formats),
    ...space,
    ...(Object.assign({}, ...further) as ExportFiles),
  };
}

/** Writes the files as a whole: the folder appears complete or not at all. Throws what `cannotWrite` says. */
export async function writeFolder(folder: string, files: ExportFiles): Promise<void> {
  const target = resolve(folder);
  let temporary: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(temporary, name)), { recursive: true });
      await writeFile(join(temporary, name), content);
    }
    await chmod(temporary, 0o755); // a temporary folder is made for its owner alone
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    throw cannotWrite(folder, error);
  }
}
