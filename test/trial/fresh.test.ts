import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import type { DoneOutcome } from '../../src/core/trial.ts';
import { uniformPlan } from '../../src/network/compress/anchors.ts';
import { defaultEngine } from '../../src/network/engine/choice.ts';
import { loadBaseline } from '../../src/trial/baseline.ts';
import type { TrialHooks } from '../../src/trial/protocol.ts';
import { runTrial } from '../../src/trial/run-trial.ts';
import type { TrialSetup } from '../../src/trial/setup.ts';
import type { SharedTrialData } from '../../src/trial/shared.ts';
import { quiet, stripes } from '../network/engine/helpers.ts';

const dataset = stripes(64);
const hooks: TrialHooks = { ...quiet, exclusive: (work) => work(true), gpu: (work) => work() };

let folder: string;
let setup: TrialSetup;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-fresh-'));
  setup = {
    model: { family: 'mlp', widths: [6] },
    data: {},
    baseline: { epochs: 2, batchSize: 16 },
    trial: { epochs: 1, batchSize: 16 },
    metrics: ['accuracy', 'size'],
    artefactFolder: folder,
    baselineFolder: folder,
    threads: 1,
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const baselineOf = async (baselineSeed?: string) =>
  loadBaseline(baselineSeed === undefined ? setup : { ...setup, baselineSeed }, dataset, hooks);

async function run(plan: Plan, seed: string, fresh: boolean, baselineSeed?: string): Promise<DoneOutcome> {
  const { graph: baseline } = await baselineOf(baselineSeed);
  const shared: SharedTrialData = { setup, dataset, baseline, baselineBytes: new Uint8Array(), engine: defaultEngine };
  const outcome = await runTrial({ trial: 1, attempt: 1, seed, plan, fresh }, shared, hooks);
  expect(outcome.state).toBe('done');
  return outcome as DoneOutcome;
}

const dense: Plan = { recipe: {}, techniques: {} };
const curveOf = ({ details }: DoneOutcome) => (details as { readonly curve: readonly unknown[] }).curve;

describe('a trial from new weights', () => {
  it('is trained even where nothing is compressed, as long as its plan says', async () => {
    expect(curveOf(await run(dense, 'a', false))).toHaveLength(0);
    expect(curveOf(await run({ ...dense, recipe: { epochs: 3 } }, 'a', true))).toHaveLength(3);
  });

  it('owes nothing to the baseline, and all to its seed', async () => {
    const half = uniformPlan((await baselineOf()).graph, { prune: { keep: 0.5 } });
    const [one, other] = [await run(half, 'a', true), await run(half, 'a', true, 'another')];
    expect(other.artefact).toEqual(one.artefact);
    expect((await run(half, 'b', true)).artefact!.sha256).not.toBe(one.artefact!.sha256);
    expect((await run(half, 'a', false)).artefact!.sha256).not.toBe(one.artefact!.sha256);
  });

  it('has the trained baseline as its teacher', async () => {
    const taught = uniformPlan((await baselineOf()).graph, { distil: { weight: 1 } });
    const [one, other] = [await run(taught, 'a', true), await run(taught, 'a', true, 'another')];
    expect(other.artefact!.sha256).not.toBe(one.artefact!.sha256);
  });
});

it('keeps a baseline for every seed', async () => {
  const [usual, seeded] = [await baselineOf(), await baselineOf('other')];
  expect(seeded.facts.hash).not.toBe(usual.facts.hash);
  expect((await baselineOf('other')).facts).toMatchObject({ hash: seeded.facts.hash, cached: true });
});
