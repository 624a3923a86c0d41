import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelCard } from '../../src/export/card.ts';
import { c } from '../../src/export/formats/c.ts';
import type { ExportSource } from '../../src/export/formats/format.ts';
import { exportFormats } from '../../src/export/formats/index.ts';
import { web } from '../../src/export/formats/web.ts';
import { checkFolder, exportFiles, writeFolder } from '../../src/export/write.ts';

const model = Uint8Array.from({ length: 37 }, (_, i) => (i * 89) % 256);

const source: ExportSource = {
  model,
  certificate: {
    format: 'espalier-certificate/1',
    createdAt: '2026-11-25T00:00:00.000Z',
    model: { file: 'model.onnx', sha256: 'ab'.repeat(32), bytes: model.length },
    study: 'odd */ name',
    trial: 7,
    recorded: { accuracy: 0.9034, size: 37, latencyMs: 0.123456 },
    measured: {},
    baseline: { accuracy: 0.9134, size: 370 },
    candidate: {},
    plan: { recipe: {}, techniques: { prune: { stem: { keep: 0.5 } }, quantize: { dense: { bits: 8 } } } },
    reproduce: { command: 'nas search --space space.yaml', seed: '1', space: { file: 'a.yaml', sha256: '' }, versions: {} },
  },
  input: { name: 'x', shape: [3, 8, 6], mean: [0.5, 0.25, 0.125], std: [0.3, 0.3, 0.3] },
  classes: ['cat', 'häh?"\\', 'a | b'],
  testAccuracy: 0.9012,
  testImages: 10_000,
  recall: [0.5, 0.75, 1],
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-export-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('exported folder', () => {
  it('holds the measured bytes, what is known of them, and further formats', async () => {
    const target = join(folder, 'model');
    await checkFolder(target);
    await writeFolder(target, await exportFiles(source, { 'space.yaml': 'model: {}' }, [web, c]));
    expect((await readdir(target)).sort()).toEqual([
      'README.md',
      'certificate.json',
      'model.c',
      'model.h',
      'model.onnx',
      'space.yaml',
      'web',
    ]);
    expect(new Uint8Array(await readFile(join(target, 'model.onnx')))).toEqual(model);
    await expect(checkFolder(target)).rejects.toThrow(/has files in it/);
    expect((await readdir(folder)).length).toBe(1);
  });

  it('is not put over a folder that was filled meanwhile, nor over the present one', async () => {
    const target = join(folder, 'filled');
    await mkdir(target);
    await writeFile(join(target, 'theirs'), '');
    await expect(writeFolder(target, {})).rejects.toMatchObject({
      code: 'FILE_PLACE',
      message: expect.stringMatching(/has files in it/),
    });
    expect(await readdir(target)).toEqual(['theirs']);
    await rm(target, { recursive: true });
    await expect(checkFolder('')).rejects.toThrow(/has files in it/);
  });

  it('model card: figures of the shipped file, per class, per layer', async () => {
    const card = (await exportFiles(source, {}, []))['README.md'] as string;
    expect(card).toContain('| accuracy, test data (10000 images that the search never saw) | 90.12 % | |');
    expect(card).toContain('| accuracy, validation data (what the search chose by) | 90.34 % | 91.34 % |');
    expect(card).toContain('| a \\| b | 100.00 % |');
    expect(card).toContain('| latency, one image, one thread | 0.123 ms |');
    const latency = { medianMs: 0.2, baselineMs: 0.5, batch: 1, threads: 2 };
    const timed = { ...source, certificate: { ...source.certificate, measured: { latency } } };
    const again = (await exportFiles(timed, {}, []))['README.md'] as string;
    expect(again).toContain('| latency, one image, 2 threads | 0.200 ms | 0.500 ms |');
    expect(card).toContain('| stem | prune | keep 0.5 |');
    expect(card).toContain('float32 [N, 3, 8, 6]');
    expect(card).not.toContain('undefined');
  });

  it('model card: how each format that is beside the model is used, and no other', () => {
    const card = modelCard(source, exportFormats);
    for (const { entry } of exportFormats) expect(card).toContain(`\`${entry}\``);
    expect(card).toMatch(/`tfjs\/model\.json` .*\[N, 8, 6, 3\].*\(pixel \/ 255 − mean\) \/ std/);
    expect(card).toContain("tf.loadLayersModel('tfjs-layers/model.json')");
    expect(card).toMatch(/`model\.tflite` .*normalises by itself/);
    expect(modelCard(source, [c])).not.toMatch(/tfjs|tflite/);
  });
});

/** A C compiler is no part of what the product needs: without one the text alone is checked. */
const compiler = ['cc', 'gcc', 'clang'].find((name) => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

describe('c', () => {
  it('declares what the array is', async () => {
    const files = await exportFiles(source, {}, [c]);
    expect(files['model.h']).toContain('#define ESPALIER_MODEL_BYTES 37u');
    expect(files['model.h']).not.toMatch(/odd \*\//);
    expect((files['model.c'] as string).match(/0x[0-9a-f]{2}/g)).toHaveLength(model.length);
  });

  it('says how a network for sounds hears', async () => {
    const sound = { rate: 8000, seconds: 1, window: 256, hop: 160, mels: 8, decibels: 90 };
    const files = await exportFiles({ ...source, input: { ...source.input, sound } }, {}, [c]);
    expect(files['model.h']).toMatch(
      /#define ESPALIER_SAMPLE_RATE 8000\n#define ESPALIER_WINDOW 256\n#define ESPALIER_HOP 160\n/,
    );
    expect(files['model.h']).toContain('/* A sound is mixed to one channel, resampled to 8000 Hz');
    expect((await exportFiles(source, {}, [c]))['model.h']).not.toContain('SAMPLE_RATE');
  });

  it.runIf(compiler)('compiles without a warning, and holds the bytes and names', async () => {
    const target = join(folder, 'c');
    await mkdir(target);
    for (const [name, content] of Object.entries(await exportFiles(source, {}, [c])))
      if (/^model\.[ch]$/.test(name)) await writeFile(join(target, name), content);
    await writeFile(
      join(target, 'main.c'),
      `#include <stdio.h>
       #include "model.h"
       int main(void) {
         for (unsigned i = 0; i < ESPALIER_MODEL_BYTES; i++) printf("%u ", espalier_model[i]);
         for (int i = 0; i < ESPALIER_CLASSES; i++) printf("\\n%s", espalier_classes[i]);
         return espalier_mean[1] == 0.25f ? 0 : 1;
       }`,
    );
    const sources = ['main.c', 'model.c'].map((name) => join(target, name));
    execFileSync(compiler!, ['-std=c99', '-Wall', '-Wextra', '-Werror', '-o', join(target, 'main'), ...sources]);
    const printed = execFileSync(join(target, 'main'), { encoding: 'utf8' }).split('\n');
    expect(printed[0]!.trim().split(' ').map(Number)).toEqual([...model]);
    expect(printed.slice(1)).toEqual(source.classes);
  });
});
