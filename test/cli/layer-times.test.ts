import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkSpace, structureFunction } from '../../src/cli/compose.ts';
import { describeLayerTimes, layerTimesOf, usableLayerTimes, wantsLayerTimes } from '../../src/cli/layer-times.ts';
import type { Executor } from '../../src/core/executor.ts';
import type { Outcome } from '../../src/core/trial.ts';
import type { ModelSpec } from '../../src/network/models/index.ts';
import { nas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

const everyLayer = `
  - match: "*"
    prune: { keep: [0.25, 0.5, 0.75, 1] }
    quantize: { bits: [8, 32] }`;

/** 32 candidates, of which one is never drawn. */
const fewLayers = `
  - match: "stage*.conv1"
    prune: { keep: [0.25, 0.5, 0.75, 1] }
  - match: stem
    quantize: { bits: [8, 32] }`;

const text = (objectives: string, layers = everyLayer) => `
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: data, validation: 300 }
baseline: { epochs: 1, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.1, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { ${objectives} }
layers: ${layers}
`;
const file = checkSpace(text('accuracy: maximize, latencyMs: minimize'), 'tiny.yaml');
const data = { shape: [1, 28, 28] as const, classes: ['a', 'b'], normalization: { mean: [0], std: [1] } };
const structureOf = structureFunction(file.model as unknown as ModelSpec, file.space, data);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-layer-times-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Answers every probe at once; counts them. */
function executorOf(answer: (probe: number) => Outcome) {
  let probes = 0;
  const executor = { slots: 1, run: async () => answer(probes++) } as unknown as Executor;
  return { executor, probes: () => probes };
}

const measured = (metrics: Record<string, number>): Outcome => ({ state: 'done', metrics, seconds: 0 });

const timesOf = (answer: (probe: number) => Outcome, clock?: () => number) => {
  const { executor, probes } = executorOf(answer);
  const context = { executor, space: file.space, baseline: 'b', structureOf, progress: () => undefined };
  const found = layerTimesOf({ ...context, ...(clock ? { clock } : {}) });
  return found.then((times) => ({ times, probes: probes() }));
};

describe('layerTimesOf', () => {
  it('times networks once, and knows it the next time', async () => {
    const first = await timesOf(() => measured({ latencyMs: 2, latencyRatio: 0.5 }));
    expect(first.probes).toBe(72);
    expect(first.times).toMatchObject({ baselineMs: 4, networks: 72, cached: false });
    const again = await timesOf(() => measured({ latencyMs: 9, latencyRatio: 9 }));
    expect(again.probes).toBe(0);
    expect(again.times).toMatchObject({ baselineMs: 4, cached: true });
  });

  it('keeps nothing of what was stopped', async () => {
    expect((await timesOf(() => ({ state: 'aborted', reason: 'stopped', seconds: 0 }))).times).toBe('stopped');
    const failed: Outcome = { state: 'failed', code: 'X', message: '', seconds: 0 };
    const few = await timesOf((probe) => (probe < 10 ? measured({ latencyMs: 1, latencyRatio: 1 }) : failed));
    expect(few).toEqual({ times: undefined, probes: 72 });
  });

  it.each([
    ['few will do of a slow network', 6, 24],
    ['none of one that is slower still', 60, undefined],
  ])('%s', async (_, seconds, networks) => {
    let probed = 0;
    const answer = () => {
      probed++;
      return measured({ latencyMs: 1000, latencyRatio: 1 });
    };
    const { times } = await timesOf(answer, () => probed * seconds * 1000);
    expect(times === undefined || times === 'stopped' ? undefined : times.networks).toBe(networks);
    expect(probed).toBeLessThan(30);
  });

  it('is of no use where it is too often wrong', async () => {
    const { times } = await timesOf((probe) => measured({ latencyMs: 1 + (probe % 7) ** 3, latencyRatio: 1 + (probe % 7) ** 3 }));
    if (times === undefined || times === 'stopped') throw new Error('nothing was learned');
    expect(usableLayerTimes(times)).toBeUndefined();
    expect(describeLayerTimes(times)).toMatch(/^72 networks timed in .*, but only 95 % of others .* is not foreseen\.$/);
    expect(usableLayerTimes({ ...times, error: 0.1 })).toBeDefined();
  });

  it('is done for searches that ask for times', () => {
    expect(wantsLayerTimes(file.goal)).toBe(true);
    expect(wantsLayerTimes({ ...file.goal, objectives: [{ metric: 'size', direction: 'minimize' }] })).toBe(false);
  });
});

it('a search for speed times its layers before the first trial', { timeout: 240_000 }, async () => {
  await writeTinyFashion(join(folder, 'data'), { train: 1500, test: 100 });
  await writeFile(join(folder, 'tiny.yaml'), text('accuracy: maximize, latencyMs: minimize', fewLayers));
  const search = (trials: string) => nas(folder, 'search', '--space', 'tiny.yaml', '--workers', '1', '--trials', trials);
  const first = await search('3');
  expect(first.stderr).toBe('');
  expect(first.stdout).toMatch(/31 networks timed in .* s/);
  expect((await search('5')).stdout).toMatch(/31 networks timed in .* s before/);
});
