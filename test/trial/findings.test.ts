import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import type { Progress } from '../../src/core/trial.ts';
import { finalize, questionsOf } from '../../src/network/compress/recipe.ts';
import { defaultEngine } from '../../src/network/engine/choice.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { answer, rowsOf } from '../../src/trial/findings.ts';
import type { TrialHooks } from '../../src/trial/protocol.ts';
import { runTrial } from '../../src/trial/run-trial.ts';
import type { SharedTrialData } from '../../src/trial/shared.ts';
import { noPlan } from '../fixtures/compression.ts';
import { quiet, stripes, tinyResnet } from '../network/engine/helpers.ts';

const dataset = stripes(96);
const baseline = tinyResnet(dataset.shape, { widths: [4, 6, 8] });
const inner = 'stage1.block1.conv1';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-findings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sharedBy = (graph: typeof baseline): SharedTrialData => ({
  setup: {
    model: {},
    data: {},
    baseline: {},
    trial: { epochs: 1, batchSize: 16 },
    metrics: ['accuracy', 'size'],
    artefactFolder: folder,
    baselineFolder: folder,
    threads: 1,
  },
  dataset,
  baseline: graph,
  baselineBytes: encode(finalize(graph, noPlan, {}), { symbolicBatch: 'N' }),
  engine: defaultEngine,
});

const seen: Progress[] = [];
const hooks: TrialHooks = {
  ...quiet,
  progress: (progress) => void seen.push(progress),
  exclusive: (work) => work(true),
  gpu: (work) => work(),
};
const plan = (importance: string): Plan => ({ recipe: {}, techniques: { prune: { [inner]: { keep: 0.5, importance } } } });

describe('what techniques ask', () => {
  it('is answered once; measurements outlive the process', async () => {
    const questions = questionsOf(baseline, plan('removal'));
    const first = await answer(questions, sharedBy(baseline), hooks);
    expect(Object.keys(first.effects)).toHaveLength(4);
    expect(seen.filter(({ stage }) => stage === 'findings')).toHaveLength(4);
    expect((await readdir(folder)).filter((name) => name.endsWith('.effects.json'))).toHaveLength(1);
    seen.length = 0;
    // The same weights in another process are another object.
    expect(await answer(questions, sharedBy(structuredClone(baseline)), hooks)).toEqual(first);
    expect(seen).toEqual([]);
  });

  it('is answered and no more, whatever other trials asked', async () => {
    const shared = sharedBy(structuredClone(baseline));
    const asked = (importance: string) => answer(questionsOf(baseline, plan(importance)), shared, hooks);
    const before = await asked('activity');
    expect(Object.keys(before.activity).length).toBeGreaterThan(0);
    await asked('taylor');
    expect(await answer({ activity: ['stem.relu'] }, shared, hooks)).toEqual({
      activity: { 'stem.relu': expect.anything() as unknown },
      gradients: [],
      effects: {},
    });
    expect(await asked('activity')).toEqual(before);
  });

  it('are rows of every training image', async () => {
    const rows = await rowsOf({ teacher: { graph: baseline, value: 'logits' } }, sharedBy(baseline), hooks);
    expect(rows['teacher']!.shape).toEqual([3]);
    expect(rows['teacher']!.data).toHaveLength(96 * 3);
    const again = await rowsOf({ other: { graph: baseline, value: 'logits' } }, sharedBy(baseline), hooks);
    expect(again['other']).toBe(rows['teacher']);
  });

  it.each([
    ['whole', (bytes: Buffer) => bytes],
    ['damaged', (bytes: Buffer) => bytes.subarray(1)],
  ])('are read where another thread kept them, and computed where that file is not: %s', async (_, change) => {
    const asked = { teacher: { graph: baseline, value: 'logits' } };
    const first = await rowsOf(asked, sharedBy(structuredClone(baseline)), hooks);
    const [name] = (await readdir(folder)).filter((file) => file.endsWith('.rows'));
    await writeFile(join(folder, name!), change(await readFile(join(folder, name!))));
    expect(await rowsOf(asked, sharedBy(structuredClone(baseline)), hooks)).toEqual(first);
  });
});

describe('a trial', () => {
  const job = (chosen: Plan) => ({ trial: 1, attempt: 1, seed: 'a', plan: chosen });

  it.each(['activity', 'taylor', 'removal'])('prunes by %s, measured on the baseline', async (importance) => {
    const outcome = await runTrial(job(plan(importance)), sharedBy(baseline), hooks);
    expect(outcome).toMatchObject({ state: 'done' });
  });

  it('is trained by its teachers alone where the plan asks for nothing else', async () => {
    const network = { weight: 0.5 };
    const chosen: Plan = { recipe: {}, techniques: { distil: { network }, attention: { network } } };
    const outcome = await runTrial(job(chosen), sharedBy(baseline), hooks);
    expect(outcome).toMatchObject({ state: 'done', details: { curve: [{ epoch: 1 }] } });
  });

  it('says how sparse the network was meant to be, and is', async () => {
    const chosen: Plan = { recipe: {}, techniques: { sparsify: { [inner]: { sparsity: 0.5, when: 'gradual' } } } };
    const outcome = await runTrial(job(chosen), sharedBy(baseline), hooks);
    const share = { nominal: 0.5, real: 0.5 };
    expect(outcome).toMatchObject({ details: { techniques: { sparsify: { ...share, layers: { [inner]: share } } } } });
  });
});
