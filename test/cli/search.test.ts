import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { predictFunction } from '../../src/cli/compose.ts';
import { factsOf } from '../../src/cli/study-facts.ts';
import { openLiteSession } from '../../src/network/engine/litert/session.ts';
import type { ModelSpec } from '../../src/network/models/index.ts';
import { openStore, readStudy } from '../../src/store/index.ts';
import type { PreparedFacts } from '../../src/trial/prepare.ts';
import { nas, startNas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';
import { idxSplit } from '../fixtures/idx-split.ts';

/** The whole product on real data at a small size: search, look, kill, resume, export, load the model elsewhere. */

const space = (folder: string) => `
model: { family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }
data: { name: idx, folder: ${folder}, validation: 500 }
baseline: { epochs: 2, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.25, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
    prune: { keep: [0.25, 0.5, 0.75, 1] }
    quantize: { bits: [8, 32] }
`;

interface ListedTrial {
  trial: number;
  state: string;
  candidate: Record<string, unknown>;
  metrics: Record<string, number>;
}

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-e2e-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 2500, test: 500 });
  await writeFile(join(cwd, 'tiny.yaml'), space('data'));
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

const list = async (...args: string[]) => JSON.parse((await nas(cwd, 'ls', '--json', ...args)).stdout) as ListedTrial[];

/** What must be equal for equal seeds: everything but times. */
const digest = (trials: readonly ListedTrial[]) =>
  trials.map(({ trial, state, candidate, metrics }) => {
    const { accuracy, size, macs, params } = metrics;
    return { trial, state, candidate, accuracy, size, macs, params };
  });

describe('nas search, end to end', () => {
  it('searches, and every later command sees it', { timeout: 240_000 }, async () => {
    const run = await nas(cwd, 'search', '--space', 'tiny.yaml', '--trials', '10', '--db', 'a.db', '--workers', '2');
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('All trials are finished: 10 done, 0 failed');
    const trials = await list('--db', 'a.db');
    expect(trials).toHaveLength(10);
    const [baseline] = trials as [ListedTrial];
    expect(baseline.metrics['accuracy']).toBeGreaterThan(0.4);
    const sizes = trials.map(({ metrics }) => metrics['size']!);
    expect(Math.min(...sizes)).toBeLessThan(baseline.metrics['size']! / 2);
    expect(trials.every(({ metrics }) => metrics['latencyMs']! > 0)).toBe(true);

    const front = JSON.parse((await nas(cwd, 'front', '--json', '--db', 'a.db')).stdout);
    expect(front.study).toBe('tiny');
    expect(front.baseline.metrics).toEqual(baseline.metrics);
    expect(front.front.length).toBeGreaterThan(0);
    const shown = await nas(cwd, 'show', '2', '--db', 'a.db');
    expect(shown.stdout).toMatch(/^trial 2: done \(anchor\)/);
    expect((await nas(cwd, 'front', '--db', 'a.db')).stdout).toContain('smaller');
  });

  it('says at once that a study has nothing left to do', async () => {
    const again = await nas(cwd, 'search', '--space', 'tiny.yaml', '--trials', '9', '--db', 'a.db');
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^All trials are finished: 10 done, 0 failed/);
    const store = openStore(join(cwd, 'a.db'), { mode: 'read' });
    expect(readStudy(store, 'tiny').sessions).toHaveLength(1);
    store.close();
  });

  it('measures what was known before', () => {
    const store = openStore(join(cwd, 'a.db'), { mode: 'read' });
    const { record, trials, sessions } = readStudy(store, 'tiny');
    store.close();
    const { space, sections } = factsOf(record);
    const { prepared } = sessions[0]!.begin.facts as unknown as { prepared: PreparedFacts };
    const predict = predictFunction(sections.model as unknown as ModelSpec, space, prepared.data);
    for (const trial of trials) expect(trial).toMatchObject({ metrics: predict(trial.candidate) });
  });

  it('exports a file that onnxruntime loads elsewhere and that has the recorded accuracy', { timeout: 120_000 }, async () => {
    const run = await nas(cwd, 'export', '--trial', '2', '--out', 'model', '--format', 'tflite,c', '--db', 'a.db');
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/model\.c /);
    expect(run.stdout).toMatch(/model\.tflite +[\d.]+ kB, accuracy: test [\d.]+ % \(LiteRT/);
    const bytes = await readFile(join(cwd, 'model/model.onnx'));
    const certificate = JSON.parse(await readFile(join(cwd, 'model/certificate.json'), 'utf8'));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(certificate.model.sha256);
    const recorded = (await list('--db', 'a.db'))[2]!.metrics;
    expect(bytes.length).toBe(recorded['size']);
    expect(certificate.measured.metrics.accuracy).toBeCloseTo(recorded['accuracy']!, 3);
    const { preprocessing, name } = certificate.measured.input;
    const test = await idxSplit(join(cwd, 'data'), 't10k', preprocessing);
    const session = await ort.InferenceSession.create(bytes);
    const feed = new ort.Tensor('float32', test.images, [test.count, ...certificate.measured.input.shape.slice(1)]);
    const { logits } = await session.run({ [name]: feed });
    expect(test.accuracy(logits!.data as Float32Array)).toBeCloseTo(certificate.measured.test.accuracy, 3);
    await session.release();
    const lite = await openLiteSession(new Uint8Array(await readFile(join(cwd, 'model/model.tflite'))), preprocessing);
    const answers = await lite.run({ [name]: { dtype: 'float32', shape: feed.dims, data: test.images } });
    await lite.release();
    const further = certificate.further['model.tflite'];
    expect(test.accuracy(answers[lite.outputs[0]!]!.data as Float32Array)).toBeCloseTo(further.test.accuracy, 10);
    expect((await nas(cwd, 'export', '--trial', '2', '--out', 'model', '--db', 'a.db')).code).toBe(2);
  });

  it('replicates models with other seeds, and shows mean and deviation', { timeout: 120_000 }, async () => {
    const run = await nas(cwd, 'replicate', '--trials', '2,0', '--seeds', '2', '--db', 'a.db');
    expect(run.stderr).toBe('');
    expect(run.stdout).toContain('trial 2, seed 2 of 2: accuracy');
    expect(run.stdout).toMatch(/accuracy on test +remark\n/);
    expect(run.code).toBe(0);
    const front = JSON.parse((await nas(cwd, 'front', '--json', '--db', 'a.db')).stdout).front;
    const baseline = front.find(({ trial }: { trial: number }) => trial === 0);
    expect(baseline?.replication.validation.accuracy.deviation ?? 0).toBe(0);
    expect((await nas(cwd, 'replicate', '--trials', '99', '--db', 'a.db')).code).toBe(2);
  });

  it('verifies what it shipped, and finds out what was changed', { timeout: 120_000 }, async () => {
    const good = await nas(cwd, 'verify', 'model', '--json');
    expect(good.stderr).toBe('');
    const [report] = JSON.parse(good.stdout) as [{ verified: boolean; checks: { what: string; ok?: boolean }[] }];
    expect(report.verified).toBe(true);
    const fine = report.checks.filter(({ ok }) => ok).map(({ what }) => what);
    expect(fine).toEqual(expect.arrayContaining(['accuracy, test data', 'model.tflite, test data']));
    await cp(join(cwd, 'model'), join(cwd, 'changed'), { recursive: true });
    for (const name of ['onnx', 'tflite']) await appendFile(join(cwd, `changed/model.${name}`), 'x');
    const changed = await nas(cwd, 'verify', 'changed', '--files');
    expect(changed.stdout).toMatch(
      /WRONG +model\.onnx, SHA-256.*WRONG +model\.tflite, SHA-256.*changed is not what its certificate says/s,
    );
    expect(changed.code).toBe(1);
    expect((await nas(cwd, 'verify', 'data')).stderr).toContain('data has no certificate.json');
  });

  it('removes the models that no front needs, once it is told to, and still verifies', { timeout: 120_000 }, async () => {
    const models = async () => (await readdir(join(cwd, 'a.artefacts'))).filter((name) => name.endsWith('.onnx')).length;
    const before = await models();
    await writeFile(join(cwd, 'a.artefacts/notes.txt'), 'mine');
    const dry = await nas(cwd, 'gc', '--db', 'a.db');
    expect(dry.stdout).toMatch(/\d+ models that no front needs.*\n.*add --yes/);
    expect(await models()).toBe(before);
    const { models: removed } = JSON.parse((await nas(cwd, 'gc', '--db', 'a.db', '--yes', '--json')).stdout);
    expect(removed.files.length).toBeGreaterThan(0);
    expect(await models()).toBe(before - removed.files.length);
    expect(existsSync(join(cwd, 'a.artefacts/notes.txt'))).toBe(true);
    const verified = await nas(cwd, 'verify', '--db', 'a.db');
    expect(verified.stdout).toMatch(/1 study, 10 trials, \d+ models of fronts, baselines and favourites: nothing wrong/);
    expect(verified.code).toBe(0);
    const [model] = await readdir(join(cwd, 'a.artefacts')).then((names) => names.filter((name) => name.endsWith('.onnx')));
    await rm(join(cwd, 'a.artefacts', model!));
    expect(await nas(cwd, 'verify', '--db', 'a.db')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('its model is missing'),
    });
  });

  it('loses no finished trial to SIGKILL and ends like the uninterrupted run', { timeout: 240_000 }, async () => {
    const args = ['search', '--space', 'tiny.yaml', '--trials', '10', '--db', 'b.db', '--workers', '1'];
    const { child, ended } = startNas(cwd, args);
    let lines = '';
    child.stdout!.on('data', (text: string) => {
      lines += text;
      if ((lines.match(/trial \d+/g) ?? []).length >= 5) child.kill('SIGKILL');
    });
    expect((await ended).signal).toBe('SIGKILL');
    const before = (await list('--db', 'b.db')).filter(({ state }) => state === 'done');
    expect(before.length).toBeGreaterThan(1);
    expect((await nas(cwd, ...args)).code).toBe(0);
    const after = await list('--db', 'b.db');
    expect(after.filter(({ trial }) => before.some((one) => one.trial === trial))).toEqual(before);
    expect(digest(after)).toEqual(digest(await list('--db', 'a.db')));
  });

  it('refuses a second search with another seed', async () => {
    const run = await nas(cwd, 'search', '--space', 'tiny.yaml', '--trials', '10', '--db', 'a.db', '--seed', '2');
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('exists already, with seed 1');
  });
});

describe('nas search --scheduler', () => {
  it('gives the same for any number of workers, also after a kill and without a checkpoint', { timeout: 240_000 }, async () => {
    await writeFile(join(cwd, 'rungs.yaml'), space('data').replace('epochs: 0.25', 'epochs: 0.5, rungs: data'));
    const args = ['search', '--space', 'rungs.yaml', '--trials', '7', '--scheduler', 'asha', '--look-ahead', '4', '--db'];
    expect((await nas(cwd, ...args, 'whole.db', '--workers', '2')).code).toBe(0);
    const { child, ended } = startNas(cwd, [...args, 'killed.db', '--workers', '1']);
    let lines = '';
    child.stdout!.on('data', (text: string) => {
      lines += text;
      if (lines.includes('of its training')) child.kill('SIGKILL');
    });
    expect((await ended).signal).toBe('SIGKILL');
    const folder = join(cwd, 'killed.artefacts');
    const checkpoints = (await readdir(folder)).filter((file) => file.endsWith('.checkpoint'));
    expect(checkpoints.length).toBeGreaterThan(0);
    for (const file of checkpoints) await rm(join(folder, file));
    expect((await nas(cwd, ...args, 'killed.db', '--workers', '2')).code).toBe(0);
    const whole = await list('--db', 'whole.db');
    expect(new Set(whole.map(({ state }) => state))).toEqual(new Set(['done', 'paused']));
    expect(digest(await list('--db', 'killed.db'))).toEqual(digest(whole));
  });
});

describe('bounds that are known to be out of reach', () => {
  it('are refused before the search, with what is possible, and leave nothing behind', { timeout: 120_000 }, async () => {
    const text = space('data').replace('layers:', 'constraints: [size <= 1kB]\nlayers:');
    await writeFile(join(cwd, 'small.yaml'), text);
    const run = await nas(cwd, 'search', '--space', 'small.yaml', '--db', 'small.db');
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/size <= 1\.00 kB, but the least found is \d\.\d+ kB/);
    expect(existsSync(join(cwd, 'small.db'))).toBe(false);
  });
});

describe('bad input', () => {
  const cases: [name: string, args: string[], message: RegExp][] = [
    [
      'no space of that name',
      ['search', '--space', 'resnt.yaml'],
      /there is no space file "resnt\.yaml"\. Did you mean "resnet\.yaml"/,
    ],
    ['zero trials', ['search', '--space', 'tiny.yaml', '--trials', '0'], /at least 1/],
    ['negative trials', ['search', '--space', 'tiny.yaml', '--trials', '-3'], /at least 1/],
    ['an unknown controller', ['search', '--space', 'tiny.yaml', '--controller', 'evolutoin'], /Did you mean "evolution"/],
    ['an unknown device', ['search', '--space', 'tiny.yaml', '--device', 'cdua'], /--device cdua: unknown\. Did you mean "cuda"/],
    [
      'an engine that is not there',
      ['search', '--space', 'tiny.yaml', '--engine', 'tensorflow'],
      /engine tensorflow cannot be used/,
    ],
    ['a scheduler of that name', ['search', '--space', 'tiny.yaml', '--scheduler', 'ahsa'], /Did you mean "asha"/],
    [
      'an unknown metric as a target',
      ['search', '--space', 'tiny.yaml', '--target', 'size<=1kB,acuracy>=1'],
      /target:1:11: .*"accuracy"/,
    ],
    ['a misspelt key', ['search', '--space', 'misspelt.yaml'], /misspelt\.yaml:2:1: .*Did you mean "model"/s],
    ['missing data', ['search', '--space', 'nodata.yaml'], /nowhere/],
    ['a command that does not exist', ['serach'], /Did you mean search/],
    ['a number that no trial can have', ['show', '9999999999999999999'], /'9999999999999999999' is invalid.*whole number/],
    ['no database', ['front', '--db', 'none.db'], /none\.db/],
    ['a file that is no database', ['front', '--db', 'tiny.yaml'], /tiny\.yaml/],
  ];

  it.each(cases)('%s: exit code 2, a clear message, nothing written', async (_, args, message) => {
    const files = { 'misspelt.yaml': space('data').replace('model:', 'modle:'), 'nodata.yaml': space('nowhere') };
    for (const [file, text] of Object.entries(files)) await writeFile(join(cwd, file), text);
    const run = await nas(cwd, ...args);
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(2);
    expect(run.stdout).toBe('');
    expect(existsSync(join(cwd, 'nas.db'))).toBe(false);
  });
});
