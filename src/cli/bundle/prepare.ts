import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `npm run prepare`: builds, unless what is built is newer than all that it was built from. npm runs this at `npm ci`
 * and again when `npx nas` is called for the first time; that call should not wait for the same build once more.
 */
const root = fileURLToPath(new URL('../../..', import.meta.url));
/** What the build writes last: if it is there, the build was not interrupted. */
const last = join(root, 'dist/export/web/page/main.js');

/** When a file or anything in a folder was last changed, a removal included; ms since 1970. */
function changed(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, changed(join(path, name))), stat.mtimeMs);
}

const built = statSync(last, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const sources = ['src', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
if (sources.some((source) => changed(join(root, source)) > built)) {
  process.exitCode = spawnSync('npm run build', { cwd: root, stdio: 'inherit', shell: true }).status ?? 1;
}
