import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';
import * as litert from '@litertjs/core';

/** Loads LiteRT, TensorFlow Lite's runtime, as WebAssembly: it is written for browsers, and told that this is one. */

const require = createRequire(import.meta.url);

/** Its name and version; it runs as WebAssembly. */
export const liteRuntime = (): string => `LiteRT ${(require('@litertjs/core/package.json') as { version: string }).version}`;

/** Runs on every Node.js that we run on: without threads, and without relaxed SIMD, whose sums depend on the machine. */
const script = 'litert_wasm_compat_internal.js';

type Factory = (options: object) => Promise<unknown>;

/** What the library looks for in a browser. */
interface Browser {
  self?: unknown;
  importScripts?: (path: string) => void;
  ModuleFactory?: Factory;
}

export interface Lite {
  readonly compile: typeof litert.loadAndCompile;
  readonly Tensor: typeof litert.Tensor;
  /** What LiteRT wrote since it was asked last: its errors say no more than that there was one. */
  takeErrors(): readonly string[];
}

let loaded: Promise<Lite> | undefined;

/** Once in a process. */
export const loadLite = (): Promise<Lite> => (loaded ??= load());

async function load(): Promise<Lite> {
  let said: string[] = [];
  const hear = (line: string) => void said.push(line);
  const folder = join(dirname(require.resolve('@litertjs/core/package.json')), 'wasm');
  await asBrowser(hear, () => litert.loadLiteRt(join(folder, script)));
  return {
    compile: litert.loadAndCompile,
    Tensor: litert.Tensor,
    takeErrors() {
      const errors = said.filter((line) => line.startsWith('ERROR'));
      said = [];
      return errors;
    },
  };
}

/** While `work` runs, scripts are loaded as in a web worker; `hear` gets what they print, and that there is no GPU. */
async function asBrowser(hear: (line: string) => void, work: () => Promise<unknown>): Promise<void> {
  const browser = globalThis as unknown as Browser;
  const before = { self: browser.self, importScripts: browser.importScripts };
  const { warn } = console;
  browser.self = globalThis;
  browser.importScripts = (path) => {
    const factory = factoryOf(path);
    browser.ModuleFactory = (options) => factory({ ...options, print: hear, printErr: hear });
  };
  console.warn = (...words) => hear(words.join(' '));
  try {
    await work();
  } finally {
    console.warn = warn;
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete browser[name as keyof Browser];
      else browser[name as keyof Browser] = value as never;
    }
  }
}

/** The script is neither a module nor one of CommonJS: it declares the factory, and takes what Node.js gives to the latter. */
function factoryOf(path: string): Factory {
  const source = `${readFileSync(path, 'utf8')}\nreturn ModuleFactory;`;
  const run = compileFunction(source, ['require', '__filename', '__dirname']);
  return run(require, path, dirname(path)) as Factory;
}
