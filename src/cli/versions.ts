import { createRequire } from 'node:module';
import type { Versions } from './study-facts.ts';

const require = createRequire(import.meta.url);

const versionOf = (path: string): string => (require(path) as { version: string }).version;

/** What this program is and runs on. In a file of its own: `nas --version` needs nothing else. */
export const versions = (): Versions => ({
  espalier: versionOf('../../package.json'),
  onnxruntime: versionOf('onnxruntime-node/package.json'),
  node: process.versions.node,
  platform: `${process.platform}-${process.arch}`,
});
