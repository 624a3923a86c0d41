import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadSpace } from '../../src/cli/compose.ts';
import { withSession } from '../../src/network/engine/session.ts';
import { nas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';
import { idxSplit } from '../fixtures/idx-split.ts';
import { networkPath } from '../fixtures/networks.ts';

/** A network that PyTorch trained, searched from the command line. */

const space = (model: string, rest = '') => `
model: ${model}
data: { name: idx, folder: data, validation: 100 }
trial: { epochs: 0.5, batchSize: 32, learningRate: 0.002 }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
${rest}
layers:
  - match: "*"
    prune: { keep: [0.5, 1] }
    quantize: { bits: [8, 32] }
  - match: network
    distil: { weight: 0.8 }
`;

const given = '{ file: trained.onnx, normalize: { mean: [0.5], std: [0.5] } }';
const teacher = 'teacher: { file: trained.onnx, normalize: { mean: [0.5], std: [0.5] } }';

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-own-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 400, test: 100 });
  for (const name of ['trained', 'tiny']) await copyFile(networkPath(name), join(cwd, `${name}.onnx`));
  await writeFile(join(cwd, 'own.yaml'), space(given, teacher));
  vi.stubEnv('XDG_CACHE_HOME', join(cwd, 'cache'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(cwd, { recursive: true, force: true });
});

describe("a user's own network", () => {
  it('is the baseline as it is; the search compresses it; the model of the front is exported', { timeout: 120_000 }, async () => {
    const run = await nas(cwd, 'search', '--space', 'own.yaml', '--trials', '3', '--workers', '1', '--controller', 'random');
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    const [baseline, ...others] = JSON.parse((await nas(cwd, 'ls', '--json')).stdout) as {
      state: string;
      metrics: Record<string, number>;
    }[];
    expect([baseline!, ...others].map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(baseline!.metrics['accuracy']).toBeGreaterThan(0.7);
    expect(Math.min(...others.map(({ metrics }) => metrics['size']!))).toBeLessThan(baseline!.metrics['size']! / 3);

    const exported = await nas(cwd, 'export', '--trial', '0', '--out', 'model', '--json');
    const { measured } = JSON.parse(exported.stdout) as { measured: { test: { accuracy: number } } };
    const test = await idxSplit(join(cwd, 'data'), 't10k', { mean: [0.5], std: [0.5] });
    const original = new Uint8Array(await readFile(join(cwd, 'trained.onnx')));
    const scores = await withSession(original, {}, async (session) => {
      const x = { dtype: 'float32', shape: [test.count, 1, 28, 28], data: test.images } as const;
      return (await session.run({ [session.inputs[0]!]: x }))[session.outputs[0]!]!.data as Float32Array;
    });
    expect(measured.test.accuracy).toBeCloseTo(test.accuracy(scores), 10);

    // On another machine: neither the network, nor the cache, nor the data are where they were.
    const elsewhere = await mkdtemp(join(tmpdir(), 'nas-elsewhere-'));
    await rename(join(cwd, 'model'), join(elsewhere, 'model'));
    const checked = await nas(elsewhere, 'verify', 'model', '--data', join(cwd, 'data'));
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/model is what its certificate says\.\n$/) });
    await rm(elsewhere, { recursive: true, force: true });
  });

  it('belongs to the study: another one under its name is refused', async () => {
    await writeFile(join(cwd, 'own.yaml'), space(given, teacher.replace('trained', 'tiny')));
    const run = await nas(cwd, 'search', '--space', 'own.yaml', '--trials', '4');
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/own\.yaml has changed since it was started/);
  });

  const unread: Record<string, [model: string, rest: string, message: RegExp]> = {
    'a file that is not there': ['{ file: gone.onnx }', '', /^model: .*gone\.onnx.*cannot be read \(ENOENT/],
    'a file that is no network': ['{ file: bad.yaml }', '', /^model: this is no ONNX file/],
    'a file that was changed': [`{ file: tiny.onnx, sha256: ${'f'.repeat(64)} }`, '', /has the SHA-256 [0-9a-f]{64}, not f{64}/],
    'a part of a file': ['{ file: half.onnx }', '', /^model: this is no ONNX file/],
    'no name and no file': ['{ depth: 8 }', '', /model\.depth: unknown key|model\.file is missing/],
    'a teacher that is not there': [given, 'teacher: { file: gone.onnx }', /^teacher: .*ENOENT/],
  };

  it.each(Object.entries(unread))('is refused for %s, at its place in the file', async (_, [model, rest, message]) => {
    const original = await readFile(join(cwd, 'tiny.onnx'));
    await writeFile(join(cwd, 'half.onnx'), original.subarray(0, original.length / 2));
    const file = join(cwd, 'bad.yaml');
    await writeFile(file, space(model, rest));
    const loading = () => loadSpace(file);
    expect(loading).toThrow(message);
    expect(loading).toThrow(expect.objectContaining({ exitCode: 2, at: expect.objectContaining({ file }) }));
  });

  const unfit: Record<string, [model: string, rest: string, message: RegExp]> = {
    'images of another size': [
      '{ file: tiny.onnx }',
      '',
      /takes images \[1,6,6\] and tells 5 classes; the data have images \[1,28,28\] in 10/,
    ],
    'a teacher of other images': [
      given,
      'teacher: { file: tiny.onnx }',
      /teacher: tiny\.onnx cannot teach here: it does not run on images/,
    ],
  };

  it.each(Object.entries(unfit))('is refused for %s, before anything is trained', async (_, [model, rest, message]) => {
    await writeFile(join(cwd, 'bad.yaml'), space(model, rest));
    const run = await nas(cwd, 'search', '--space', 'bad.yaml', '--trials', '2', '--db', 'bad.db', '--workers', '1');
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(2);
    expect(existsSync(join(cwd, 'bad.db'))).toBe(false);
  });
});
