import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listSpaceFiles } from '../../search/space/file/resolve.ts';
import { bundledSpaces } from '../folders.ts';
import { print } from '../output.ts';
import { table } from '../table.ts';

/** `nas spaces`: what is bundled, each with the first line of its comment. */
export function spaces(): void {
  const rows = listSpaceFiles(bundledSpaces).map((file) => ({ file, about: firstComment(join(bundledSpaces, file)) }));
  print(
    table(rows, [
      { title: 'space', cell: (row) => row.file },
      { title: 'about', cell: (row) => row.about, wraps: true },
    ]),
  );
}

function firstComment(path: string): string {
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .find((text) => /^#\s+[A-Z]/.test(text));
  return line?.replace(/^#\s*/, '') ?? '';
}
