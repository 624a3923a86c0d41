import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan, SiteSettings } from '../../src/core/candidate.ts';
import type { DoneOutcome } from '../../src/core/trial.ts';
import { uniformPlan } from '../../src/network/compress/anchors.ts';
import { finalize } from '../../src/network/compress/recipe.ts';
import { remedyNames } from '../../src/network/compress/remedies.ts';
import { defaultEngine } from '../../src/network/engine/choice.ts';
import { train } from '../../src/network/engine/train.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../src/network/ir/graph.ts';
import type { TrialHooks } from '../../src/trial/protocol.ts';
import { runTrial } from '../../src/trial/run-trial.ts';
import { noPlan } from '../fixtures/compression.ts';
import { quiet, recipe, stripes, tinyResnet } from '../network/engine/helpers.ts';

const dataset = stripes(240);
const hooks: TrialHooks = { ...quiet, exclusive: (work) => work(true), gpu: (work) => work() };

let folder: string;
let baseline: Graph;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-first-aid-'));
  const graph = tinyResnet(dataset.shape, { widths: [4, 6, 8] });
  const settings = recipe({ batchSize: 24, epochs: 4, learningRate: 0.1 });
  baseline = (await train({ graph, dataset, recipe: settings, seed: 'a', hooks: quiet })).graph;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(plan: Plan, firstAid?: readonly string[]): Promise<DoneOutcome> {
  const folders = { artefactFolder: folder, baselineFolder: folder };
  const sections = {
    model: {},
    data: {},
    baseline: {},
    trial: { batchSize: 24, epochs: 3 },
    metrics: ['accuracy', 'size'],
    threads: 1,
    ...folders,
  };
  const setup = { ...sections, ...(firstAid ? { firstAid } : {}) };
  const baselineBytes = encode(finalize(baseline, noPlan, {}), { symbolicBatch: 'N' });
  const outcome = await runTrial(
    { trial: 1, attempt: 1, seed: 'a', plan },
    { setup, dataset, baseline, baselineBytes, engine: defaultEngine },
    hooks,
  );
  expect(outcome.state).toBe('done');
  return outcome as DoneOutcome;
}

const everywhere = (settings: SiteSettings): Plan => uniformPlan(baseline, { quantize: settings });
const recordOf = ({ details }: DoneOutcome) =>
  (details as { firstAid?: { layers: { addedLoss: number }[]; remedy: unknown } }).firstAid;

describe('first aid', () => {
  it('has nothing to say of a network that is well', async () => {
    expect(recordOf(await run(everywhere({ bits: 8 }), remedyNames))).toBeUndefined();
    expect(recordOf(await run(noPlan, remedyNames))).toBeUndefined();
  });

  it('names the layers to blame, the worst first, and leaves the network as it was planned where no remedy is allowed', async () => {
    const planned = await run(everywhere({ bits: 2, weights: 'per-tensor' }));
    const losses = recordOf(planned)!.layers.map(({ addedLoss }) => addedLoss);
    expect(losses).toHaveLength(10);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(recordOf(planned)!.remedy).toBeNull();
  });

  it('trains the layers again as they are quantized, where that is allowed, and says what it took', async () => {
    const plan = everywhere({ bits: 2 });
    const [planned, remedied] = [await run(plan), await run(plan, ['qat'])];
    expect(recordOf(remedied)!.remedy).toMatchObject({ name: 'qat', seconds: expect.any(Number) });
    expect(remedied.metrics['accuracy']).toBeGreaterThan(planned.metrics['accuracy']!);
    const same = await run(everywhere({ bits: 2, mode: 'qat' }));
    expect(remedied.artefact).toEqual(same.artefact);
  });

  it('keeps as few layers as it takes in floats, measures that file, and does the same every time', async () => {
    const plan = everywhere({ bits: 2, weights: 'per-tensor' });
    const [planned, remedied] = [await run(plan), await run(plan, ['float'])];
    expect(remedied.metrics['accuracy']).toBeGreaterThan(planned.metrics['accuracy']!);
    expect(remedied.metrics['size']).toBeGreaterThan(planned.metrics['size']!);
    expect(recordOf(remedied)!.remedy).toMatchObject({ name: 'float' });
    const again = await run(plan, ['float']);
    expect([again.artefact, recordOf(again)]).toEqual([remedied.artefact, recordOf(remedied)]);
  });
});
