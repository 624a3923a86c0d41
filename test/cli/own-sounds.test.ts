import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nas } from '../fixtures/cli.ts';

/** Real speech in folders, searched from the command line: is it English or Italian? */

const prompts = fileURLToPath(new URL('../fixtures/prompts', import.meta.url));

const space = (augment: string) => `
name: languages
model: { family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }
data: { name: sounds, folder: ${JSON.stringify(prompts)}, seconds: 0.8, rate: 8000, validation: 8 }
baseline: { epochs: 20, batchSize: 8, learningRate: 0.1, augment: ${augment} }
trial: { epochs: 2, batchSize: 8, learningRate: 0.02, augment: { crop: [0, 4] } }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
    prune: { keep: [0.5, 1] }
    quantize: { bits: [8, 32] }
`;

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-sounds-'));
  await writeFile(join(cwd, 'languages.yaml'), space('{ crop: [0, 4] }'));
  await writeFile(join(cwd, 'backwards.yaml'), space('{ flip: true }'));
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("a user's own recordings", () => {
  it('are searched, and exported with what a program needs to hear alike', { timeout: 120_000 }, async () => {
    const run = await nas(cwd, 'search', '--space', 'languages.yaml', '--trials', '3', '--workers', '2');
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain('read sounds');
    const exported = await nas(cwd, 'export', '--trial', '0', '--out', 'model', '--json');
    const { measured } = JSON.parse(exported.stdout) as {
      measured: {
        test: { accuracy: number; images: number };
        input: { shape: unknown; preprocessing: { sound: unknown } };
      };
    };
    // A guess would be right half the time.
    expect(measured.test.accuracy).toBeGreaterThan(0.8);
    expect(measured.test.images).toBe(16);
    expect(measured.input.shape).toEqual(['N', 1, 40, 39]);
    const sound = { rate: 8000, seconds: 0.8, window: 256, hop: 160, mels: 40, decibels: 90 };
    expect(measured.input.preprocessing.sound).toEqual(sound);
    const card = await readFile(join(cwd, 'model/README.md'), 'utf8');
    for (const part of ['A sound classifier with 2 classes', '16 recordings', 'resampled to 8000 Hz', 'def look(samples):'])
      expect(card).toContain(part);
    const checked = await nas(cwd, 'verify', 'model');
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/model is what its certificate says/) });
  });

  it('are not played backwards', { timeout: 60_000 }, async () => {
    const run = await nas(cwd, 'search', '--space', 'backwards.yaml', '--study', 'other', '--trials', '1');
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/backwards\.yaml:5:\d+: baseline\.augment\.flip: mirrored, a sound runs backwards/);
  });

  it('are found by nas init', async () => {
    const run = await nas(cwd, 'init', 'mine.yaml', '--data', prompts, '--effort', 'quick', '--yes');
    expect(run.code).toBe(0);
    expect(await readFile(join(cwd, 'mine.yaml'), 'utf8')).toMatch(
      /data: \{ name: sounds, folder: .*, seconds: 1, validation: 7 \}/,
    );
  });
});
