import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { nas, startNas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

/** What `nas search --replicate` does once the search itself has ended. */

const space = (constraints: string) => `
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: data, validation: 100 }
baseline: { epochs: 1, batchSize: 32 }
trial: { epochs: 0.5, batchSize: 32 }
latency: { seconds: 0.05 }
objectives: { accuracy: maximize, size: minimize }
constraints: [${constraints}]
layers:
  - match: "*"
    prune: { keep: [0.25, 0.5, 0.75, 1] }
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-replicate-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 600, test: 200 });
  await writeFile(join(cwd, 'tiny.yaml'), space(''));
  await writeFile(join(cwd, 'unmet.yaml'), space('accuracy >= 99.9 %'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

function replicationsIn(db: string): number {
  const store = openStore(join(cwd, db), { mode: 'read' });
  try {
    return store.eventsOf(store.list()[0]!.name, ['replicated']).length;
  } finally {
    store.close();
  }
}

describe('nas search --replicate', () => {
  it('ends at the first Ctrl-C, says so, and goes on with the same command', { timeout: 120_000 }, async () => {
    const args = (seeds: string) => ['search', '--space', 'tiny.yaml', '--trials', '2', '--workers', '1', '--replicate', seeds];
    const { child, ended } = startNas(cwd, args('500'));
    let seen = '';
    child.stdout!.on('data', (text: string) => {
      if (!seen.includes('seed 1 of 500') && (seen + text).includes('seed 1 of 500')) child.kill('SIGINT');
      seen += text;
    });
    const { code, stdout } = await ended;
    expect(stdout).toMatch(/Replicating was stopped; \d+ are missing\. The same command goes on\./);
    expect(code).toBe(130);
    const kept = replicationsIn('nas.db');
    expect(kept).toBeGreaterThan(0);
    expect((await nas(cwd, ...args('2'))).code).toBe(0);
    expect(replicationsIn('nas.db')).toBeGreaterThanOrEqual(kept);
  });

  it('is a search like any other where no trial keeps every constraint', { timeout: 120_000 }, async () => {
    const run = await nas(cwd, 'search', '--space', 'unmet.yaml', '--db', 'unmet.db', '--trials', '2', '--replicate', '2');
    expect(run.stdout).toContain('Nothing is replicated: no trial keeps every constraint.');
    expect(run.stdout).toContain('All trials are finished: 2 done, 0 failed; 0 on the front.');
    expect(run.code).toBe(0);
  });
});
