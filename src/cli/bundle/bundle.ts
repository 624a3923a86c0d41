import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
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

/** What processes and threads start in. */
const entries = [
  'executors/pool/host',
  'executors/pool/worker',
  'trial/trial',
  'trial/probe-process',
  'trial/remeasure-process',
  'trial/speed-process',
  'device/timing-process',
  'cli/user-controller/check-thread',
  'cli/user-controller/remote-thread',
];

const bundledName = (entry: string) => entry.replaceAll('/', '-');

/**
 * Leaves at the place of an entry, where all look for it, what loads its bundle. What onnxruntime must find said before it is
 * loaded comes first: in a bundle, packages are loaded before all else.
 */
async function leadToBundle(dist: string, entry: string): Promise<void> {
  const file = join(dist, `${entry}.js`);
  const from = (path: string) => JSON.stringify(relative(dirname(file), join(dist, path)).replaceAll('\\', '/'));
  await writeFile(
    file,
    `import ${from('network/engine/no-telemetry.js')};\nexport * from ${from(`bin/${bundledName(entry)}.js`)};\n`,
  );
}

/** Packages that are CommonJS ask for Node's own modules by `require`. */
const banner = `import { createRequire as __createRequire } from 'node:module'; import { fileURLToPath as __dirnameOf } from 'node:url'; const require = __createRequire(import.meta.url);`;

/**
 * Bundles the command line and the processes and threads that it starts, `dist` as JavaScript, into `dist/bin`: each then opens
 * a handful of files instead of some hundred modules, and starts in a fraction of the time. Returns the file that Node runs.
 */
export async function bundleCli(dist: string): Promise<string> {
  const out = join(dist, 'bin');
  await bundle({
    entryPoints: {
      nas: join(dist, 'cli/main.js'),
      ...Object.fromEntries(entries.map((entry) => [bundledName(entry), join(dist, `${entry}.js`)])),
    },
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
  for (const entry of entries) await leadToBundle(dist, entry);
  return join(out, 'nas.js');
}
