import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));

/**
 * Who may import whom: a room (path below src/) may import itself, core, and the rooms listed here.
 * The longest matching prefix decides; README's architecture section says why.
 */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  'search/space': [],
  'search/controllers': ['search/space', 'search/study'],
  'search/schedulers': ['search/study'],
  'search/study': ['search/space', 'search/schedulers/none.ts'],
  'search/bench': ['search/space', 'search/study'],
  'search/pick': ['search/study'],
  'search/sensitivity': ['search/space'],
  'search/importance': [],
  'network/ir': [],
  'network/autodiff': ['network/ir'],
  'network/models': ['network/ir'],
  'network/data': [],
  'network/engine': ['network/ir', 'network/autodiff', 'network/data'],
  'network/compress': ['network/ir'],
  'network/metrics': ['network/ir', 'network/engine'],
  // What times files for searches elsewhere, and how these ask it.
  device: ['network/ir', 'network/metrics'],
  trial: ['network', 'device/client.ts', 'device/protocol.ts'],
  executors: ['trial/protocol.ts'],
  store: [],
  dashboard: ['store'],
  report: ['store', 'search/study', 'search/pick', 'search/importance', 'dashboard/format.ts'],
  ui: ['store', 'report'],
  // Runs in a browser: pure functions and plain types alone.
  'ui/page': ['report/charts', 'report/study', 'dashboard/format.ts'],
  // How a sound is looked at is said, and done in a page, as it was for training.
  export: ['store', 'network/ir', 'network/data/sounds/log-mel.ts'],
  cli: ['search', 'device', 'network', 'trial', 'executors', 'store', 'dashboard', 'report', 'export', 'ui'],
  'index.ts': ['search', 'device', 'network', 'trial', 'executors', 'store', 'dashboard', 'report', 'export', 'ui', 'cli'],
};

const files = (readdirSync(source, { recursive: true }) as string[]).filter((file) => /\.tsx?$/.test(file));
const isIn = (file: string, room: string) => file === room || file.startsWith(`${room}/`);
const roomOf = (file: string) =>
  Object.keys(mayImport)
    .filter((room) => isIn(file, room))
    .sort((a, b) => b.length - a.length)[0];

/** Relative imports, dynamic ones and `new URL('./x.ts', import.meta.url)` entries left out: those are process edges. */
function importsOf(file: string, kind: 'all' | 'at start' = 'all'): { relative: string[]; packages: string[] } {
  const text = readFileSync(join(source, file), 'utf8');
  const statements = [...text.matchAll(/(?:^|\n)\s*(?:import\s+'([^']+)'|(?:import|export)\s[^'";=]*?\bfrom\s*'([^']+)')/g)];
  const names = statements.map((match) => (match[1] ?? match[2])!);
  const dynamic = [...text.matchAll(/\bimport\(\s*'([^']+)'/g)].map((match) => match[1]!);
  const runtime = statements
    .filter((match) => !/^\s*(?:import|export)\s+type\b/.test(match[0]))
    .map((match) => (match[1] ?? match[2])!);
  const all = kind === 'at start' ? runtime : [...names, ...dynamic];
  return {
    relative: all.filter((name) => name.startsWith('.')).map((name) => relative(source, resolve(source, dirname(file), name))),
    packages: all.filter((name) => !name.startsWith('.')),
  };
}

describe('layers', () => {
  it('finds the source', () => expect(files.length).toBeGreaterThan(10));

  it.each(files)('%s imports only what its room may', (file) => {
    const room = roomOf(file);
    expect(room, `${file} is in no known room`).toBeDefined();
    const allowed = [room!, 'core', ...mayImport[room!]!];
    const forbidden = importsOf(file).relative.filter((target) => !allowed.some((prefix) => isIn(target, prefix)));
    expect(forbidden).toEqual([]);
  });

  it('imports onnxruntime-node in one file', () => {
    const importers = files.filter((file) => importsOf(file).packages.includes('onnxruntime-node'));
    expect(importers).toEqual(['network/engine/native.ts']);
  });

  it('does not load onnxruntime in the process that searches: only trial hosts and probes do', () => {
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const target of importsOf(file, 'at start').relative) visit(target);
    };
    visit('cli/main.ts');
    visit('cli/commands/search.ts');
    expect([...seen].filter((file) => importsOf(file).packages.includes('onnxruntime-node'))).toEqual([]);
  });

  it('keeps Node.js out of the page', () => {
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const target of importsOf(file, 'at start').relative) visit(target);
    };
    visit('ui/page/main.ts');
    expect(seen.size).toBeGreaterThan(20);
    const packages = [...seen].flatMap((file) => importsOf(file, 'at start').packages);
    expect(new Set(packages.map((name) => name.split('/')[0]))).toEqual(new Set(['echarts', 'seedrandom']));
  });

  it('opens the database in one room', () => {
    const importers = files.filter((file) => importsOf(file).packages.includes('better-sqlite3'));
    expect(importers.every((file) => isIn(file, 'store'))).toBe(true);
  });
});
