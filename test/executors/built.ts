import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

/**
 * The executors and their fixtures as plain JavaScript, file by file as `npm run build` makes it: threads start many
 * times faster than with a TypeScript loader in each, and the built form is tested too.
 */
export function builtUrls(): Promise<Built> {
  built ??= Promise.resolve().then(build);
  return built;
}

interface Built {
  readonly executors: URL;
  readonly trialModule: URL;
  readonly workerParent: URL;
}

let built: Promise<Built> | undefined;

const root = fileURLToPath(new URL('../..', import.meta.url));
const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** Below node_modules, so that packages resolve. */
function build(): Built {
  const folder = join(root, 'node_modules', '.cache', `espalier-test-${process.pid}`);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const file of sources()) {
    const target = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(readFileSync(join(root, file), 'utf8'), { compilerOptions }).outputText);
  }
  const url = (file: string) => pathToFileURL(join(folder, file));
  return {
    executors: url('src/executors/index.js'),
    trialModule: url('test/fixtures/trial-module.js'),
    workerParent: url('test/fixtures/worker-parent.js'),
  };
}

function sources(): string[] {
  const below = (room: string) =>
    (readdirSync(join(root, room), { recursive: true }) as string[]).map((file) => join(room, file));
  const rooms = [...below('src/core'), ...below('src/executors')].filter((file) => file.endsWith('.ts'));
  return [...rooms, 'src/trial/protocol.ts', 'test/fixtures/trial-module.ts', 'test/fixtures/worker-parent.ts'];
}
