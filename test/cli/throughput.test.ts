import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

/** Times as a server runs the file: several images at once. */

const space = (latency: string) => `
model: { family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }
data: { name: idx, folder: data, validation: 100 }
baseline: { epochs: 1, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.25, batchSize: 32, learningRate: 0.02 }
latency: ${latency}
objectives: { accuracy: maximize, throughput: maximize }
constraints: [throughput >= 0.001k]
layers:
  - match: "*"
    prune: { keep: [0.5, 1] }
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-throughput-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 600, test: 100 });
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

it('is searched for, and shipped with what it was measured at', { timeout: 120_000 }, async () => {
  await writeFile(join(cwd, 'server.yaml'), space('{ batch: 40, seconds: 0.1 }'));
  const run = await nas(cwd, 'search', '--space', 'server.yaml', '--trials', '2', '--workers', '1');
  expect([run.stderr, run.code]).toEqual(['', 0]);
  const { metrics } = JSON.parse((await nas(cwd, 'show', '1', '--json')).stdout);
  expect(metrics.throughput).toBeCloseTo((1000 * 40) / metrics.latencyMs, 6);
  expect((await nas(cwd, 'export', '--trial', '1', '--out', 'model')).code).toBe(0);
  const { measured } = JSON.parse(await readFile(join(cwd, 'model', 'certificate.json'), 'utf8'));
  expect(measured.latency).toMatchObject({ batch: 40, threads: 1 });
  // Forty images of a network that takes some hundredths of a millisecond each.
  expect(measured.latency.medianMs).toBeGreaterThan(0.1);
  expect(await readFile(join(cwd, 'model', 'README.md'), 'utf8')).toContain('| latency, 40 images at once, one thread |');
  expect((await nas(cwd, 'verify', 'model')).code).toBe(0);
});

it.each([
  ['{ threads: 256 }', /many\.yaml:6:21: latency\.threads: 256 threads cannot be timed on a machine with \d+ cores/],
  ['{ batch: 0 }', /many\.yaml:6:19: latency\.batch: /],
  ['{ bacth: 2 }', /many\.yaml:6:12: latency\.bacth: unknown key\. Did you mean "batch"\?/],
])('is refused at %s', async (latency, message) => {
  await writeFile(join(cwd, 'many.yaml'), space(latency));
  const run = await nas(cwd, 'search', '--space', 'many.yaml', '--trials', '3');
  expect([run.code, run.stderr]).toEqual([2, expect.stringMatching(message)]);
});
