import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ControllerDefinition } from '../core/controller.ts';
import { NasError, pick } from '../core/errors.ts';
import { ended } from '../core/words.ts';
import { controllers } from '../search/controllers/index.ts';
import type { Space } from '../search/space/space.ts';
import { atOnce } from './user-controller/at-once.ts';

/** A user's own controller is a file: `./mine.js`, `lab/mine.ts`. */
export const isControllerFile = (name: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(name);

/** Our own controller of that name, for a space that it can search. Throws NasError: UNKNOWN_CONTROLLER, CONTROLLER_SPACE. */
export function controllerFor(name: string, space: Space): ControllerDefinition<Space> {
  const definition = pick('controller', controllers, name);
  const reason = definition.refuse?.(space);
  if (reason === undefined) return definition;
  throw unfit(name, reason);
}

export const unfit = (controller: string, reason: string): NasError =>
  new NasError('CONTROLLER_SPACE', `controller "${controller}" does not fit this space: it ${ended(reason)}`, {
    facts: { controller, reason },
  });

/** What a file's `controller` or default export is. Runs the file: only for one that was named on the command line. */
export async function loadController(file: string): Promise<ControllerDefinition<Space>> {
  const path = resolve(file);
  if (!existsSync(path)) throw noController(file, 'there is no such file');
  let loaded: { readonly controller?: unknown; readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as typeof loaded;
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const typed = code === 'ERR_UNKNOWN_FILE_EXTENSION';
    throw noController(
      file,
      typed ? `Node.js ${process.versions.node} reads no TypeScript; 22.18 does, or compile it to .js` : message,
      error,
    );
  }
  const found = (loaded.controller ?? loaded.default) as Partial<ControllerDefinition<Space>> | undefined;
  if (typeof found?.create !== 'function')
    throw noController(file, 'export one as `controller`, or by default: { name, summary, create(context) }');
  const create = atOnce(file, found.create.bind(found));
  return { ...found, name: file, summary: found.summary ?? '', create } as ControllerDefinition<Space>;
}

/** Of the file's text; what it imports may change unseen. */
export function controllerHash(file: string): string {
  if (!existsSync(resolve(file))) throw noController(file, 'there is no such file');
  return createHash('sha256')
    .update(readFileSync(resolve(file)))
    .digest('hex');
}

const noController = (file: string, reason: string, cause?: unknown) =>
  new NasError('CONTROLLER_FILE', `${file} holds no controller: ${ended(reason)}`, { facts: { file, reason }, cause });
