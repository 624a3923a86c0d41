import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../src', import.meta.url));

/** Changes with whatever decides what a controller of ours proposes: its runs are kept under it. */
export function sourceVersion(): string {
  const hash = createHash('sha256');
  for (const folder of ['core', 'search', 'cli/bench']) {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    for (const file of files.sort()) hash.update(readFileSync(join(root, folder, file)));
  }
  return hash.digest('hex').slice(0, 12);
}
