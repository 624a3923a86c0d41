import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nas } from '../fixtures/cli.ts';
import { writeColourFashion } from '../fixtures/pictures.ts';

/** Coloured pictures in folders, searched from the command line. */

const space = `
name: colours
model: { family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }
data: { name: images, folder: pictures, size: [20, 24], validation: 60 }
baseline: { epochs: 4, batchSize: 16, learningRate: 0.1 }
trial: { epochs: 1, batchSize: 16, learningRate: 0.05 }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
    prune: { keep: [0.5, 1] }
    quantize: { bits: [8, 32] }
`;

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-pictures-'));
  await writeColourFashion(join(cwd, 'pictures'), { train: 361, test: 90 });
  await writeFile(join(cwd, 'colours.yaml'), space);
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("a user's own pictures", () => {
  it('are searched in colour, and exported with what a program needs to know', { timeout: 120_000 }, async () => {
    const run = await nas(cwd, 'search', '--space', 'colours.yaml', '--trials', '3', '--workers', '2', '--controller', 'random');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('read images');
    const trials = JSON.parse((await nas(cwd, 'ls', '--json')).stdout) as { state: string; metrics: { accuracy: number } }[];
    expect(trials.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    // Grey, a third of them would be right.
    expect(trials[0]!.metrics.accuracy).toBeGreaterThan(0.9);

    const exported = await nas(cwd, 'export', '--trial', '0', '--out', 'model', '--json');
    const { measured } = JSON.parse(exported.stdout) as {
      measured: {
        test: { accuracy: number; images: number };
        input: { shape: unknown; preprocessing: { mean: number[]; resize: unknown } };
      };
    };
    expect(measured.test.accuracy).toBeGreaterThan(0.9);
    expect(measured.test.images).toBe(90);
    expect(measured.input.shape).toEqual(['N', 3, 20, 24]);
    expect(measured.input.preprocessing.mean).toHaveLength(3);
    const resize = { size: [20, 24], fit: 'cover', filter: 'lanczos3', colour: 'srgb' };
    expect(measured.input.preprocessing.resize).toEqual(resize);
    expect(await readFile(join(cwd, 'model/README.md'), 'utf8')).toContain('scaled to cover 24 × 20 pixels (lanczos3)');
    const checked = await nas(cwd, 'verify', 'model');
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/model is what its certificate says/) });
  });
});
