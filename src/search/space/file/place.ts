import type { NasError } from '../../../core/errors.ts';
import { errorAt, locate, readYaml } from './source.ts';

/** An error that came up after the file was read, pointing at what it is about: as far down the path as the file goes. */
export function placedAt(
  { code, message, facts }: NasError,
  { text, file }: { readonly text: string; readonly file: string },
  path: readonly string[],
): NasError {
  const { source, root } = readYaml(text, file);
  const { node } = locate(root, path);
  return errorAt(source, code, message, node === root ? { start: root.start, end: root.start + 1 } : node, facts);
}
