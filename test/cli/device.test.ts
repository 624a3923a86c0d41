import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { nas, startNas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

/** A search whose models another machine times: here another process of this one. */

const space = (url: string) => `
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: data, validation: 100 }
baseline: { epochs: 1, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.25, batchSize: 32, learningRate: 0.02 }
latency: { on: ${url}, seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
    prune: { keep: [0.5, 1] }
`;

interface Introduced {
  readonly url: string;
  readonly token: string;
  readonly facts: { readonly processor: string };
}

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-device-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 600, test: 100 });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(cwd, { recursive: true, force: true });
});

/** The lines that `nas device --json` prints, one after the other. */
function startDevice() {
  const { child, ended } = startNas(cwd, ['device', '--json', '--port', '0']);
  const lines: string[] = [];
  const first = new Promise<Introduced>((resolve) => {
    child.stdout!.on('data', (text: string) => {
      lines.push(...text.split('\n').filter(Boolean));
      resolve(JSON.parse(lines[0]!) as Introduced);
    });
  });
  return { child, ended, lines, first };
}

it('times the models of a search, which says so, and whose files are verified without it', { timeout: 180_000 }, async () => {
  const device = startDevice();
  const { url, token, facts } = await device.first;
  const here = url.replace(/\/\/.*:/, '//127.0.0.1:');
  await writeFile(join(cwd, 'there.yaml'), space(here));
  const search = (...more: string[]) => nas(cwd, 'search', '--space', 'there.yaml', '--trials', '3', '--workers', '2', ...more);

  const stranger = await search();
  expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringMatching(/there\.yaml:6:16: .*NAS_DEVICE_TOKEN/)]);
  vi.stubEnv('NAS_DEVICE_TOKEN', token);
  const run = await search();
  expect([run.stderr, run.code]).toEqual(['', 0]);
  expect(run.stdout).toContain(`Times are those of the device: ${facts.processor}`);
  const timed = device.lines.slice(1).map((line) => JSON.parse(line) as { latency: { medianMs: number } });
  const trials = JSON.parse((await nas(cwd, 'ls', '--json')).stdout) as { metrics: { latencyMs: number } }[];
  const inOrder = (times: number[]) => times.toSorted((a, b) => a - b);
  const found = inOrder(trials.map(({ metrics }) => metrics.latencyMs));
  expect(inOrder(timed.map(({ latency }) => latency.medianMs))).toEqual(found);

  expect((await nas(cwd, 'export', '--trial', '1', '--out', 'model')).code).toBe(0);
  const { measured } = JSON.parse(await readFile(join(cwd, 'model', 'certificate.json'), 'utf8'));
  expect(measured.latency.machine).toMatchObject(facts);
  expect(await readFile(join(cwd, 'model', 'README.md'), 'utf8')).toContain(`measured.latency.machine\`): ${facts.processor}`);

  device.child.kill('SIGINT');
  expect(await device.ended).toMatchObject({ code: 0 });
  const verified = await nas(cwd, 'verify', 'model');
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/model is what its certificate says\.\n$/) });
  const alone = await search('--study', 'alone');
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/there\.yaml:6:16: the device at .* does not answer/)]);
});
