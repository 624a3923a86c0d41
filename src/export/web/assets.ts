import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes, NasError } from '../../core/errors.ts';

/** What every web bundle holds beside its model. */
export interface WebAssets {
  readonly script: string;
  readonly style: string;
  readonly server: string;
  /** onnxruntime for browsers: the library, and the program that it compiles. */
  readonly library: Uint8Array;
  readonly wasm: Uint8Array;
}

export const libraryName = 'ort.wasm.bundle.min.mjs';
export const wasmName = 'ort-wasm-simd-threaded.wasm';

/** From the built package; bundled now where the sources run. Throws NasError WEB_NOT_BUILT. */
export async function webAssets(): Promise<WebAssets> {
  const [page, runtime] = import.meta.url.endsWith('.ts') ? [await bundle(), packageFolder()] : [await load(), fileOf('ort')];
  const [library, wasm] = await Promise.all([libraryName, wasmName].map((name) => readFile(join(runtime, name))));
  return { ...page, library: library!, wasm: wasm! };
}

const packageFolder = () => dirname(createRequire(import.meta.url).resolve(`onnxruntime-web/${wasmName}`));

type Page = Pick<WebAssets, 'script' | 'style' | 'server'>;

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function load(): Promise<Page> {
  const [script, style, server] = ['page/main.js', 'page/main.css', 'serve.js'].map(fileOf) as [string, string, string];
  if (!existsSync(script)) {
    throw new NasError('WEB_NOT_BUILT', 'the page is not built. Run npm run build, or install the package again.', {
      exitCode: exitCodes.failure,
    });
  }
  const text = (file: string) => readFile(file, 'utf8');
  return {
    script: await text(script),
    style: await text(style),
    server: (await text(server)).replace(/\n\/\/# sourceMappingURL=.*/, ''),
  };
}

async function bundle(): Promise<Page> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileOf('page/main.ts'), fileOf('page/main.css'), fileOf('serve.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    outdir: 'out',
    write: false,
    logLevel: 'error',
  });
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  return { script: textOf('main.js'), style: textOf('main.css'), server: textOf('serve.js') };
}
