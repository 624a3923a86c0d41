import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import type { DoneOutcome, Outcome } from '../../src/core/trial.ts';
import { uniformPlan } from '../../src/network/compress/anchors.ts';
import { finalize } from '../../src/network/compress/recipe.ts';
import { defaultEngine } from '../../src/network/engine/choice.ts';
import { train } from '../../src/network/engine/train.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../src/network/ir/graph.ts';
import type { ConvergenceRecord } from '../../src/trial/convergence.ts';
import type { TrialHooks } from '../../src/trial/protocol.ts';
import { runTrial } from '../../src/trial/run-trial.ts';
import { noPlan } from '../fixtures/compression.ts';
import { quiet, recipe, stripes, tinyResnet } from '../network/engine/helpers.ts';

const dataset = stripes(240);
const hooks: TrialHooks = { ...quiet, exclusive: (work) => work(true), gpu: (work) => work() };

let folder: string;
let baseline: Graph;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-convergence-'));
  const graph = tinyResnet(dataset.shape, { widths: [4, 6, 8] });
  const settings = recipe({ batchSize: 24, epochs: 4, learningRate: 0.1 });
  baseline = (await train({ graph, dataset, recipe: settings, seed: 'a', hooks: quiet })).graph;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(plan: Plan, learningRate: number, firstAid?: readonly string[]): Promise<Outcome> {
  const folders = { artefactFolder: folder, baselineFolder: folder };
  const trial = { batchSize: 24, epochs: 3, learningRate, warmup: 0 };
  const sections = { model: {}, data: {}, baseline: {}, trial, metrics: ['accuracy', 'size'], threads: 1, ...folders };
  const setup = { ...sections, ...(firstAid ? { firstAid } : {}) };
  const baselineBytes = encode(finalize(baseline, noPlan, {}), { symbolicBatch: 'N' });
  const job = { trial: 1, attempt: 1, seed: 'a', plan };
  return runTrial(job, { setup, dataset, baseline, baselineBytes, engine: defaultEngine }, hooks);
}
const recordOf = (outcome: Outcome) =>
  ((outcome as DoneOutcome).details as { convergence?: ConvergenceRecord } | undefined)?.convergence;

const pruned = () => uniformPlan(baseline, { prune: { keep: 0.5 } });

describe('a training after pruning', () => {
  it('that goes well has nothing to say', async () => {
    expect(recordOf(await run(pruned(), 0.1, ['gradual', 'lower-rate']))).toBeUndefined();
  });

  it('that learns nothing is named with what was foreseen and the layers to blame, the worst first', async () => {
    const { dense, forecast, trained, layers, remedy } = recordOf(await run(pruned(), 8))!;
    expect(trained!.accuracy).toBeLessThan(forecast.accuracy);
    expect(forecast.accuracy).toBeLessThan(dense.accuracy);
    expect(layers).toHaveLength(6);
    const losses = layers.map(({ addedLoss }) => addedLoss);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(remedy).toBeNull();
  });

  it.each<[string, Parameters<typeof uniformPlan>[1]]>([
    ['skip', { skip: { rate: 0.5 } }],
    ['slim', { slim: { rate: 0.5 } }],
    ['three exits', { exit: { threshold: 0.8 } }],
  ])('that learns nothing is measured beside %s too, whose decisions only the exported network has', async (_, others) => {
    const outcome = await run(uniformPlan(baseline, { prune: { keep: 0.5 }, ...others }), 8);
    expect(outcome).toMatchObject({ state: 'done' });
  });

  it('is done again as the first remedy says that helps, and measured so', async () => {
    const [planned, remedied] = [await run(pruned(), 8), await run(pruned(), 8, ['gradual', 'lower-rate'])];
    const { remedy } = recordOf(remedied)!;
    expect(remedy!.accuracy).toBeGreaterThan(recordOf(planned)!.trained!.accuracy + 0.1);
    const [before, after] = [planned, remedied].map((outcome) => (outcome as DoneOutcome).metrics['accuracy']!);
    expect(after).toBeGreaterThan(before!);
    const milder = remedy!.name === 'gradual' ? { when: 'gradual' } : {};
    const rate = remedy!.name === 'gradual' ? 8 : 2;
    const same = await run(uniformPlan(baseline, { prune: { keep: 0.5, ...milder } }), rate);
    expect((remedied as DoneOutcome).artefact).toEqual((same as DoneOutcome).artefact);
  });

  it('that diverges fails as ever where no remedy helps', async () => {
    expect(await run(pruned(), 1e30, ['lower-rate'])).toMatchObject({ state: 'failed', code: 'DIVERGED' });
  });
});
