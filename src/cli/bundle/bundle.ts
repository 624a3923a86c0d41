import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build as bundle, type Plugin } from 'esbuild';

/** All chunks lie in one folder, so that a file's own address can be told from any of them. */
const keepPlaces = (dist: string, out: string): Plugin => ({
  name: 'keep-places',
  setup: (build) =>
    build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (relative(dist, path).startsWith('..')) return undefined;
      const place = JSON.stringify(relative(out, path).replaceAll('\\', '/'));
      const text = await readFile(path, 'utf8');
      const contents = text
        .replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`)
        .replaceAll('import.meta.dirname', `__dirnameOf(new URL('.', new URL(${place}, import.meta.url)))`);
      return { contents, loader: 'js' };
    }),
});

/** Packages that are CommonJS ask for Node's own modules by `require`. */
const banner = `import { createRequire as __createRequire } from 'node:module'; import { fileURLToPath as __dirnameOf } from 'node:url'; const require = __createRequire(import.meta.url);`;

/**
 * Bundles the command line, `dist/cli` as JavaScript, into `dist/bin`: a command then opens a handful of files instead of some
 * hundred modules, most of which belong to React and Ink. Returns the file that Node runs.
 *
 * What processes and threads start in stays where it is: the bundle finds it by the place of the file that names it.
 */
export async function bundleCli(dist: string): Promise<string> {
  const out = join(dist, 'bin');
  await bundle({
    entryPoints: { nas: join(dist, 'cli/main.js') },
    outdir: out,
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Native code, threads of their own, what only development has; and React's developer tools, which nobody has.
    external: ['better-sqlite3', 'onnxruntime-node', '@resvg/resvg-js', 'piscina', 'esbuild', 'react-devtools-core'],
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [keepPlaces(dist, out)],
    banner: { js: banner },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'eof',
    // dashboard/production.ts, which says the same to React from the sources.
    logOverride: { 'assign-to-define': 'silent' },
    logLevel: 'warning',
  });
  return join(out, 'nas.js');
}
