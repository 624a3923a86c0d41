import { defineConfig } from 'vitest/config';

/** Tests that leave nothing behind in their process: a file takes over the modules that the one before it has loaded. */
const together = ['core', 'search', 'report', 'store', 'dashboard', 'network/ir', 'network/models', 'network/autodiff'];

const filesOf = (folder: string) => `test/${folder}/**/*.test.{ts,tsx}`;

export default defineConfig({
  test: {
    setupFiles: ['./test/setup.ts'],
    reporters: ['default', './test/counts-reporter.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'together', include: together.map(filesOf), isolate: false } },
      { extends: true, test: { name: 'apart', include: [filesOf('.')], exclude: together.map(filesOf) } },
    ],
  },
});
