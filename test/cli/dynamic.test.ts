import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

/** Networks that decide per image, from the space file to the shipped model. */

const space = `
model: { family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }
data: { name: idx, folder: data, validation: 200 }
baseline: { epochs: 1, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.25, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, expectedMacs: minimize }
layers:
  - match: "stage1.*"
    exit: { threshold: [0.3, 0.4], grid: 4 }
    slim: { rate: 0.5 }
  - match: "stage2.*"
    skip: { rate: 0.5 }
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-dynamic-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 1000, test: 200 });
  await writeFile(join(cwd, 'space.yaml'), space);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

it('are searched, shown and shipped', { timeout: 120_000 }, async () => {
  const run = await nas(cwd, 'search', '--space', 'space.yaml', '--trials', '3', '--workers', '1');
  expect([run.stderr, run.code]).toEqual(['', 0]);
  const { stdout } = await nas(cwd, 'show', '2');
  expect(stdout).toMatch(
    /decided for each of 200 validation images: stage1\.block1\.conv1\.wide\.run [\d.]+ %, stage1\.block1\.conv1\.exit [\d.]+ %, stage2\.block1\.conv1\.run [\d.]+ %/,
  );
  expect(stdout).toMatch(/MACs: \S+ ?\S* on average/);
  const shipped = await nas(cwd, 'export', '--trial', '2', '--out', 'model', '--format', 'tflite');
  expect(shipped.code).toBe(0);
  const { recorded, measured, further } = JSON.parse(await readFile(join(cwd, 'model', 'certificate.json'), 'utf8'));
  expect(measured.metrics.accuracy).toBe(recorded.accuracy);
  expect(further['model.tflite'].test.accuracy).toBeGreaterThan(0.1);
  expect(measured.metrics.expectedMacs).toBe(recorded.expectedMacs);
  expect(recorded.expectedMacs).toBeLessThan(recorded.macs);
});
