import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bar } from '../../src/cli/bar.ts';
import { nas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

const space = `
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: data, validation: 300 }
baseline: { epochs: 1, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.1, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
    prune: { keep: [0.5, 1] }
    quantize: { bits: [8, 32] }
`;

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-sensitivity-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 1500, test: 100 });
  await writeFile(join(cwd, 'tiny.yaml'), space);
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

describe('nas sensitivity', () => {
  it('prints what every choice costs, draws it, and knows it the next time', { timeout: 120_000 }, async () => {
    const first = await nas(cwd, 'sensitivity', '--space', 'tiny.yaml', '--out', 'chart.svg');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^The network as it is: accuracy \d+\.\d+ % on 300 validation images/);
    expect(first.stdout).toMatch(/11 choices, each alone and without fine-tuning, measured in/);
    expect(first.stdout).toMatch(/^stem +prune +keep 0\.5 /m);
    expect(await readFile(join(cwd, 'chart.svg'), 'utf8')).toMatch(/^<svg/);
    expect(existsSync(join(cwd, 'nas.db'))).toBe(false);

    const again = await nas(cwd, 'sensitivity', '--space', 'tiny.yaml', '--json');
    const { cached, base, probes } = JSON.parse(again.stdout);
    expect(cached).toBe(true);
    expect(probes).toHaveLength(11);
    for (const { metrics } of probes) expect(metrics.accuracy).toBeGreaterThan(0);
    const pruned = probes.find(
      ({ technique, site }: { technique: string; site: string }) => technique === 'prune' && site === 'stem',
    );
    expect(pruned.metrics.size).toBeLessThan(base.size);
    expect(pruned.metrics.macs).toBeLessThan(base.macs);
  });

  it('seeds a search, which goes on without it', { timeout: 240_000 }, async () => {
    const search = (...args: string[]) => nas(cwd, 'search', '--space', 'tiny.yaml', '--workers', '2', ...args);
    const first = await search('--start', 'sensitivity', '--trials', '4');
    expect(first.stderr).toBe('');
    expect(first.stdout).toContain('11 choices probed in');
    await rm(join(cwd, 'cache/espalier/sensitivity'), { recursive: true });
    expect((await search('--trials', '5')).code).toBe(0);
    expect(existsSync(join(cwd, 'cache/espalier/sensitivity'))).toBe(false);
    const trials = JSON.parse((await nas(cwd, 'ls', '--json')).stdout) as { origin: string; metrics: { size: number } }[];
    const seeds = trials.filter(({ origin }) => origin === 'sensitivity');
    expect(seeds.length).toBeGreaterThan(2);
    expect(trials[0]!.origin).toBe('baseline');
    for (const { metrics } of seeds) expect(metrics.size).toBeLessThan(trials[0]!.metrics.size);
    const other = await search('--start', 'anchors', '--trials', '5');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('it began with sensitivity, not with anchors');
  });

  it.each([['an unknown way to begin', ['--start', 'sensitivty'], /unknown\. Did you mean "sensitivity"/]])(
    'a search refuses %s',
    async (_, args, message) => {
      const run = await nas(cwd, 'search', '--space', 'tiny.yaml', ...args);
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(message);
    },
  );

  it.each([
    ['a chart that is no SVG', ['--space', 'tiny.yaml', '--out', 'chart.png'], /ends in \.svg/],
    ['no such space', ['--space', 'tny.yaml'], /tny\.yaml/],
  ])('refuses %s', async (_, args, message) => {
    const run = await nas(cwd, 'sensitivity', ...args);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
  });
});

it('a bar has eighths', () => {
  expect([0, 0.5, 1, 2, 1 / 32].map((share) => bar(share, 4))).toEqual(['', '██', '████', '████', '▏']);
});
