import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll } from 'vitest';

/**
 * The executors and their fixtures as plain JavaScript, file by file as `npm run build` makes it: threads start many
 * times faster than with a TypeScript loader in each, and the built form is tested too. Gives the built file of a source.
 */
export function builtFrom(source: URL): URL {
  folder ??= build();
  const file = relative(root, fileURLToPath(source)).replace(/\.ts$/, '.js');
  return pathToFileURL(join(folder, file));
}

let folder: string | undefined;

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** Below node_modules, so that packages resolve. */
function build(): string {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'espalier-test-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const file of sources()) {
    const target = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(readFileSync(join(root, file), 'utf8'), { compilerOptions }).outputText);
  }
  return folder;
}

function sources(): string[] {
  const below = (room: string) =>
    (readdirSync(join(root, room), { recursive: true }) as string[]).map((file) => join(room, file));
  const rooms = [...below('src/core'), ...below('src/executors')].filter((file) => file.endsWith('.ts'));
  return [...rooms, 'src/trial/protocol.ts', 'test/fixtures/trial-module.ts', 'test/fixtures/worker-parent.ts'];
}
