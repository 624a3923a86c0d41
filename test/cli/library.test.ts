import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as library from '../../src/index.ts';
import { builtModule } from '../fixtures/built-nas.ts';
import { writeTinyFashion } from '../fixtures/data.ts';

/** What a program gets from the package, as it is built. */

const space = (data: string) => `
name: tiny
model: { family: resnet, depth: 6, widths: [4, 8], stemStride: 2 }
data: { name: idx, folder: ${JSON.stringify(data)}, validation: 100 }
baseline: { epochs: 1, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 0.1, batchSize: 32, learningRate: 0.02 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
    quantize: { bits: [8, 32] }
`;

let folder: string;
let espalier: typeof library;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-library-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  await writeTinyFashion(join(folder, 'data'), { train: 300, test: 100 });
  await writeFile(join(folder, 'tiny.yaml'), space(join(folder, 'data')));
  espalier = (await builtModule('index.ts')) as typeof library;
}, 60_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('search, from a program', () => {
  const options = (db: string) => ({ space: join(folder, 'tiny.yaml'), db: join(folder, db), workers: 1, controller: 'random' });

  it('tells what happens, prints nothing, and hands back the front', { timeout: 60_000 }, async () => {
    const written = vi.spyOn(process.stdout, 'write');
    const seen: string[] = [];
    const onEvent = ({ type }: library.LiveEvent) => void seen.push(type);
    const { exitCode, study, front } = await espalier.search({ ...options('a.db'), trials: 2, onEvent });
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
    expect(exitCode).toBe(0);
    expect(seen.filter((type) => type === 'finished')).toHaveLength(2);
    expect(study!.trials.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(front.length).toBeGreaterThan(0);
    const store = espalier.openStore(join(folder, 'a.db'), { mode: 'read' });
    expect(espalier.readStudy(store, 'tiny').trials).toEqual(study!.trials);
    store.close();
  });

  it('ends when its signal says so, also before there is a study, and goes on when it is called again', {
    timeout: 60_000,
  }, async () => {
    const early = new AbortController();
    const unbegun = espalier.search({ ...options('b.db'), trials: 2, signal: early.signal });
    early.abort();
    expect(await unbegun).toEqual({ exitCode: 130, study: undefined, front: [] });
    const late = new AbortController();
    const onEvent = ({ type }: library.LiveEvent) => void (type === 'finished' && late.abort());
    const stopped = await espalier.search({ ...options('b.db'), trials: 2, signal: late.signal, onEvent });
    expect(stopped.exitCode).toBe(130);
    expect((await espalier.search({ ...options('b.db'), trials: 2 })).study!.trials).toHaveLength(2);
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  it('refuses what the command refuses', async () => {
    const refused = (more: object) => espalier.search({ ...options('c.db'), ...more });
    await expect(refused({ workers: 0 })).rejects.toMatchObject({ code: 'BAD_OPTION', exitCode: 2 });
    await expect(refused({ trials: 0 })).rejects.toMatchObject({ code: 'STUDY_BUDGET' });
    await expect(refused({ space: 'nope.yaml' })).rejects.toBeInstanceOf(espalier.NasError);
  });
});
