import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { exitCodes, NasError } from '../core/errors.ts';

/** The page's program and its looks, each one file. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

let built: Promise<PageAssets> | undefined;

/** From the built package; bundled now where the sources run. Throws NasError UI_NOT_BUILT. */
export function pageAssets(): Promise<PageAssets> {
  built ??= import.meta.url.endsWith('.ts') ? bundle() : load();
  return built;
}

const fileOf = (name: string) => fileURLToPath(new URL(`page/${name}`, import.meta.url));

async function load(): Promise<PageAssets> {
  if (!existsSync(fileOf('main.js'))) {
    throw new NasError('UI_NOT_BUILT', 'the page is not built. Run npm run build, or install the package again.', {
      exitCode: exitCodes.failure,
    });
  }
  const [script, style] = await Promise.all(['main.js', 'main.css'].map((name) => readFile(fileOf(name), 'utf8')));
  return { script: script!, style: style! };
}

async function bundle(): Promise<PageAssets> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileOf('main.ts'), fileOf('main.css')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    outdir: 'page',
    write: false,
    logLevel: 'error',
  });
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  return { script: textOf('.js'), style: textOf('.css') };
}
