import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StudyEvent } from '../../src/core/event.ts';
import { openControl, openStore, readStudy } from '../../src/store/index.ts';
import { nas, startNas } from '../fixtures/cli.ts';
import { writeTinyFashion } from '../fixtures/data.ts';
import { recordOf } from '../store/harness.ts';

/** A search in one terminal, looked at and steered from another. */

const space = `
model: { family: resnet, depth: 6, widths: [8, 16], stemStride: 2 }
data: { name: idx, folder: data, validation: 200 }
baseline: { epochs: 0.5, batchSize: 32, learningRate: 0.1 }
trial: { epochs: 8, batchSize: 32, learningRate: 0.02 }
latency: { seconds: 0.1 }
objectives: { accuracy: maximize, size: minimize }
layers:
  - match: "*"
    prune: { keep: [0.25, 0.5, 0.75, 1] }
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'nas-watch-'));
  await writeTinyFashion(join(cwd, 'data'), { train: 1000, test: 200 });
  await writeFile(join(cwd, 'tiny.yaml'), space);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const control = (...args: string[]) => nas(cwd, 'control', ...args);

describe('from another terminal', () => {
  it('pauses, adds, marks, ends a trial and stops; all of it is in the study', { timeout: 120_000 }, async () => {
    const search = startNas(cwd, ['search', '--space', 'tiny.yaml', '--trials', '200', '--workers', '1', '--plain']);
    const db = join(cwd, 'nas.db');
    const channel = openControl(db, 'watch');
    const running = () => channel.status('tiny')?.running[0]?.trial ?? -1;
    await vi.waitFor(() => expect(running()).toBeGreaterThan(0), { timeout: 60_000 });
    expect((await control('pause')).stdout).toBe('Paused: running trials wait between two steps.\n');
    const isPaused = () => expect(channel.status('tiny')).toMatchObject({ paused: true, budget: { trials: 200 } });
    await vi.waitFor(isPaused, { timeout: 30_000 });
    const [add, mark] = await Promise.all([control('add', '5'), control('mark', '0')]);
    expect([add.stdout, mark.stdout]).toEqual(['205 trials in all.\n', 'Trial 0 is a favourite.\n']);
    let trial = -1;
    const endsOne = async () => {
      // What is told of its progress may be some tenths of a second old.
      await setTimeout(1000);
      trial = running();
      const { stage, done, total } = channel.status('tiny')?.running[0]?.progress ?? { stage: 'nothing runs', done: 0, total: 0 };
      const isUnderWay = stage === 'train' && done < total / 2;
      const { stdout } = isUnderWay ? await control('end-trial', `${trial}`) : { stdout: `${stage} ${done} of ${total}` };
      if (stdout.includes(`Trial ${trial} ends`)) return;
      // Behind its last step a trial does not wait any more: this one is done before it can be ended.
      await control('resume');
      await control('pause');
      throw new Error(`trial ${trial} was not ended: ${stdout}`);
    };
    await vi.waitFor(endsOne, { timeout: 60_000, interval: 200 });
    expect((await control('end-trial', '0')).stderr).toMatch(/baseline cannot be stopped/);
    expect((await control('stop')).stdout).toMatch(/^Stopping/);
    expect(await search.ended).toMatchObject({ code: 130, stdout: expect.stringMatching(/paused\n.*from now on 205 trials/s) });
    channel.close();
    const store = openStore(db, { mode: 'read' });
    const view = readStudy(store, 'tiny');
    store.close();
    expect(view.trials[trial]).toMatchObject({ state: 'failed', code: 'STOPPED' });
    expect([...view.favourites]).toEqual([0]);

    const front = async () => (await nas(cwd, 'front', '--json')).stdout;
    const found = JSON.parse(await front()) as { readonly front: readonly { readonly trial: number }[] };
    const member = `${found.front.at(-1)!.trial}`;
    const [late, marked, watched] = await Promise.all([control('pause'), control('mark', member), nas(cwd, 'watch')]);
    expect(late).toMatchObject({ code: 1, stderr: 'No search runs this study.\n' });
    expect(marked.stdout).toBe(`Trial ${member} is a favourite.\n`);
    expect(watched).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/No search runs study "tiny": \d+ done, 0 failed, 1 stopped/),
    });
    expect(await front()).toMatch(/"favourite": true/);
  });
});

describe('calm answers', () => {
  const failed = (trial: number): StudyEvent[] => [
    { type: 'asked', at: 1, trial, candidate: {}, key: `${trial}`, origin: 'random' },
    { type: 'finished', at: 2, trial, outcome: { state: 'failed', code: 'DIVERGED', message: 'NaN', seconds: 1 } },
  ];

  it('to an unknown study, an empty one, and one of failures alone', async () => {
    const facts = { goal: { objectives: [{ metric: 'accuracy', direction: 'maximize' }], constraints: [] } };
    const store = openStore(join(cwd, 'other.db'), { mode: 'write' });
    for (const name of ['empty', 'failures']) store.create({ ...recordOf(name), facts });
    store.append('failures', [failed(0), failed(1)].flat());
    store.close();
    const watch = (...args: string[]) => nas(cwd, 'watch', '--db', 'other.db', ...args);
    const [unknown, empty, failures, nowhere] = await Promise.all([
      watch('--study', 'resnet'),
      watch('--study', 'empty'),
      watch('--study', 'failures'),
      nas(cwd, 'watch', '--db', 'missing.db'),
    ]);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/has no study "resnet". It has: empty, failures/) });
    expect(empty).toMatchObject({ code: 0, stdout: expect.stringContaining('no trials yet, and no search runs it') });
    expect(failures).toMatchObject({ code: 0, stdout: expect.stringContaining('0 done, 2 failed, 0 on the front') });
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no such file') });
  });
});
