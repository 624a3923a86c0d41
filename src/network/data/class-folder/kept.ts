import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Split } from '../dataset.ts';
import { emptySplit } from '../dataset.ts';

/** Decoded examples by what they are for: `train`, `test` … */
export type Decoded = Readonly<Record<string, Split>>;

interface Facts {
  /** What the files were when they were decoded, and how that was done. */
  readonly key: string;
  readonly parts: Readonly<Record<string, { readonly count: number; readonly sha256: string }>>;
}

const knownContent = new WeakMap<Split, string>();

/** What a split holds, as hex. Kept: of many images it takes a second. */
export function contentOf(split: Split): string {
  const content = knownContent.get(split) ?? createHash('sha256').update(split.labels).update(split.images).digest('hex');
  knownContent.set(split, content);
  return content;
}

/**
 * Decoded files in a folder of ours, so that every worker of every search need not decode them again: one folder of the user's
 * seen in one way is one folder here, whose content is replaced where the files have changed.
 */
export class KeptExamples {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined where they were not kept, are of other files, or are damaged. */
  async read(key: string, size: number): Promise<Decoded | undefined> {
    try {
      const facts = JSON.parse(await readFile(join(this.#folder, 'facts.json'), 'utf8')) as Facts;
      if (facts.key !== key) return undefined;
      const parts = Object.entries(facts.parts).map(async ([name, { count, sha256 }]) => {
        const split = emptySplit(count, size);
        const labels = await readFile(join(this.#folder, `${name}.labels`));
        split.labels.set(new Uint16Array(labels.buffer.slice(labels.byteOffset, labels.byteOffset + labels.byteLength)));
        split.images.set(await readFile(join(this.#folder, `${name}.images`)));
        return contentOf(split) === sha256 ? ([name, split] as const) : undefined;
      });
      const found = await Promise.all(parts);
      return found.includes(undefined) ? undefined : Object.fromEntries(found as (readonly [string, Split])[]);
    } catch {
      return undefined;
    }
  }

  /** A disk that takes nothing more only means that they are decoded again next time. */
  async write(key: string, decoded: Decoded): Promise<void> {
    const staging = `${this.#folder}.${process.pid}.new`;
    const old = `${this.#folder}.${process.pid}.old`;
    try {
      await mkdir(staging, { recursive: true });
      for (const [name, { images, labels }] of Object.entries(decoded)) {
        await writeFile(join(staging, `${name}.images`), images);
        await writeFile(join(staging, `${name}.labels`), labels);
      }
      const parts = Object.entries(decoded).map(([name, split]) => [name, { count: split.count, sha256: contentOf(split) }]);
      await writeFile(join(staging, 'facts.json'), JSON.stringify({ key, parts: Object.fromEntries(parts) } satisfies Facts));
      await rename(this.#folder, old).catch(() => undefined);
      await rename(staging, this.#folder);
    } catch {
      // Somebody else may have written the same at the same time.
    } finally {
      await Promise.all([staging, old].map((folder) => rm(folder, { recursive: true, force: true })));
    }
  }
}
