import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { inspectFile } from '../store/header.ts';
import { namedFile } from '../store/named.ts';

/**
 * Measured models of a database lie beside it: `nas.db` → `nas.artefacts/`, `nas` → `nas-artefacts/`, so that no two databases
 * share a folder. They did, before: see `settle`.
 */
export function artefactFolder(database: string): string {
  const file = resolve(namedFile(database));
  const plain = file.replace(/\.db$/, '');
  const isSettled = settle(plain);
  return plain === file && isSettled ? ownFolder(plain) : sharedFolder(plain);
}

const ownFolder = (plain: string) => `${plain}-artefacts`;
const sharedFolder = (plain: string) => join(dirname(plain), `${basename(plain)}.artefacts`);

/**
 * A database without the ending had its models where those of the database with the ending are. It gets a folder of its own, with
 * all that is there: hard links cost nothing, and no file is ever changed in its place. False where it can have none.
 */
function settle(plain: string): boolean {
  const [own, shared] = [ownFolder(plain), sharedFolder(plain)];
  if (existsSync(own) || !existsSync(shared) || !isDatabase(plain)) return true;
  try {
    const fresh = mkdtempSync(`${own}-`);
    try {
      linkAll(shared, fresh);
      renameSync(fresh, own);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
    return true;
  } catch {
    return existsSync(own); // another process was faster, or there is no right to write here
  }
}

function linkAll(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    try {
      linkSync(source, target);
    } catch {
      copyFileSync(source, target); // a file system without links
    }
  }
}

function isDatabase(file: string): boolean {
  try {
    return inspectFile(file) === 'ours';
  } catch {
    return false;
  }
}
