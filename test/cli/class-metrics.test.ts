import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

/** A domain's own rule about a class, from the space file to the shipped model. */

const space = (rule: string) => `
model: { family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }
data: { name: idx, folder: data, validation: 200 }
baseline: { epochs: 2, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.25, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { worstRecall: maximize, size: minimize }
constraints: [${rule}]
layers:
  - match: "*"
    prune: { keep: [0.5, 1] }
    quantize: { bits: [8, 32] }
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-class-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 1000, test: 200 });
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const search = async (file: string, rule: string, ...flags: string[]) => {
  await writeFile(join(cwd, file), space(rule));
  return nas(cwd, 'search', '--space', file, '--trials', '2', '--workers', '1', ...flags);
};

it('is measured on every candidate, bounds the front, and ships', { timeout: 120_000 }, async () => {
  const run = await search('kept.yaml', 'recall(1) >= 0 %, precision(8) >= 0 %');
  expect([run.stderr, run.code]).toEqual(['', 0]);
  const shipped = await nas(cwd, 'export', '--trial', '0', '--out', 'model');
  expect(shipped.code).toBe(0);
  const { recorded, measured } = JSON.parse(await readFile(join(cwd, 'model', 'certificate.json'), 'utf8'));
  const perClass: { precision: number; recall: number }[] = measured.validation.perClass;
  expect(recorded).toMatchObject({
    'recall(1)': perClass[1]!.recall,
    'precision(8)': perClass[8]!.precision,
    worstRecall: Math.min(...perClass.map(({ recall }) => recall)),
  });
  expect(await readFile(join(cwd, 'model', 'README.md'), 'utf8')).toMatch(/\| recall\(1\), validation data \| [\d.]+ % \|/);
  expect((await nas(cwd, 'verify', 'model')).code).toBe(0);
  const { stdout } = await nas(cwd, 'show', '0');
  expect(stdout).toMatch(/recall of its weakest classes: \d [\d.]+ %, \d [\d.]+ %, \d [\d.]+ %\n/);

  const later = await search('kept.yaml', 'recall(1) >= 0 %, precision(8) >= 0 %', '--target', 'recall(2) >= 90 %');
  expect(later.code).toBe(2);
  expect(later.stderr).toContain('its trials were not measured for recall(2), which the target names');
});

it('says what is missed where nothing keeps it', { timeout: 60_000 }, async () => {
  const run = await search('missed.yaml', 'recall(1) >= 100 %, recall(6) >= 100 %');
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(
    /baseline {2}accuracy .* {2}misses (recall\(1\) >= 100.00 % \([\d.]+ %\), )?recall\(6\) >= 100.00 % \([\d.]+ %\)/,
  );
  expect(run.stdout).toMatch(/comes nearest: it misses .*recall\(6\)/);
  expect((await nas(cwd, 'show', '0', '--study', 'missed')).stdout).toMatch(/^misses recall\(6\) >= 100.00 % \([\d.]+ %\)$/m);
});

it('is refused where the data have no such class, before anything is trained', async () => {
  const run = await search('unknown.yaml', 'recall(cat) >= 60 %');
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('unknown.yaml:8:15: the data have no class "cat"');
  expect(run.stderr).toContain('Classes: 0, 1, 2');
});
