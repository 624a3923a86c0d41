import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** Tests that leave something behind in their process. The others share one: a file takes over the modules that the one before it has loaded. */
const apart = [
  'test/executors/**/*.test.ts', // built once per file
  'test/conformance/executors.test.ts',
  'test/network/compress/order.test.ts', // other modules in the place of some
  'test/network/data/image-folder.test.ts',
  'test/network/metrics/settle.test.ts',
];

export default defineConfig({
  test: {
    setupFiles: ['./test/setup.ts'],
    reporters: ['default', './test/counts-reporter.ts'],
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'together', include: ['test/**/*.test.{ts,tsx}'], exclude: apart, isolate: false } },
      { extends: true, test: { name: 'apart', include: apart } },
    ],
  },
});
