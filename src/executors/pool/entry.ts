import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A file that another process or thread starts in, and what Node needs to run it. */
export interface Entry {
  readonly path: string;
  readonly execArgv: readonly string[];
}

/** The file `name` relative to the importing file: `.js` where that one was built, `.ts` where it runs as TypeScript (tests). */
export function urlBeside(name: string, importer: string): URL {
  return new URL(name + (importer.endsWith('.ts') ? '.ts' : '.js'), importer);
}

/** The same as an entry; TypeScript needs tsx. */
export function entryBeside(name: string, importer: string): Entry {
  const path = fileURLToPath(urlBeside(name, importer));
  return { path, execArgv: path.endsWith('.ts') ? registerTsx() : [] };
}

/** Not `--import tsx`: that registers nothing in the worker threads of Node 20. The ESM build: the CommonJS one looks for itself in a wrong place. */
function registerTsx(): string[] {
  const api = new URL('index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api'))).href;
  return ['--import', `data:text/javascript,import { register } from ${JSON.stringify(api)}; register();`];
}
