import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import type { DoneOutcome } from '../../src/core/trial.ts';
import { finalize } from '../../src/network/compress/recipe.ts';
import { defaultEngine } from '../../src/network/engine/choice.ts';
import { train } from '../../src/network/engine/train.ts';
import { decode } from '../../src/network/ir/bytes/decode.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { artefactPath } from '../../src/trial/artefacts.ts';
import { measure, type WaysRecord } from '../../src/trial/measure.ts';
import type { TrialHooks } from '../../src/trial/protocol.ts';
import { runTrial } from '../../src/trial/run-trial.ts';
import type { SharedTrialData } from '../../src/trial/shared.ts';
import { noPlan } from '../fixtures/compression.ts';
import { quiet, recipe, stripes, tinyResnet } from '../network/engine/helpers.ts';

const dataset = stripes(120);
const hooks: TrialHooks = { ...quiet, exclusive: (work) => work(true), gpu: (work) => work() };
const metrics = ['accuracy', 'size', 'macs', 'expectedMacs', 'latencyMs'];

let folder: string;
let shared: SharedTrialData;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-ways-'));
  const graph = tinyResnet(dataset.shape, { widths: [4, 6, 8] });
  const settings = recipe({ batchSize: 24, epochs: 4, learningRate: 0.1 });
  const { graph: baseline } = await train({ graph, dataset, recipe: settings, seed: 'a', hooks: quiet });
  const folders = { artefactFolder: folder, baselineFolder: folder };
  const setup = { model: {}, data: {}, baseline: {}, trial: { epochs: 2, batchSize: 24 }, metrics, threads: 1, ...folders };
  const baselineBytes = encode(finalize(baseline, noPlan, {}), { symbolicBatch: 'N' });
  shared = { setup, dataset, baseline, baselineBytes, engine: defaultEngine };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a trial whose network decides per image', () => {
  it('tells what it decided, and is measured anew to the same numbers from its file alone', async () => {
    const [exit, skip, quantize] = [
      { 'stage1.block1.conv1': { threshold: 0.5 } },
      { 'stage3.block1.conv1': { rate: 0.5 } },
      { 'stage2.block1.conv1': { bits: 8 }, 'stage2.block1.conv2': { bits: 8 } },
    ];
    const job = { trial: 1, attempt: 1, seed: 'a', plan: { recipe: {}, techniques: { exit, skip, quantize } } };
    const outcome = (await runTrial(job, shared, hooks)) as DoneOutcome;
    expect(outcome.state).toBe('done');
    const { ways } = outcome.details as unknown as { ways: WaysRecord };
    expect(ways.decisions.map(({ name }) => name)).toEqual(['stage1.block1.conv1.exit', 'stage3.block1.conv1.run']);
    const [leaving, running] = ways.decisions as [WaysRecord['decisions'][number], WaysRecord['decisions'][number]];
    expect(leaving.reached).toBe(1);
    expect(running.reached).toBeCloseTo(1 - leaving.taken, 9);
    expect(outcome.metrics['expectedMacs']).toBe(ways.macs.expected);
    expect(ways.macs.least).toBeLessThanOrEqual(ways.macs.expected);
    expect(ways.macs.most).toBeLessThanOrEqual(outcome.metrics['macs']!);

    const bytes = new Uint8Array(await readFile(artefactPath(folder, outcome.artefact!.sha256)));
    const again = await measure(decode(bytes), bytes, shared, hooks);
    expect(again.details['ways']).toEqual(ways);
    expect({ ...again.metrics, latencyMs: 0 }).toEqual({ ...outcome.metrics, latencyMs: 0 });
  });

  it('says nothing of ways where there is one', async () => {
    const outcome = (await runTrial({ trial: 1, attempt: 1, seed: 'a', plan: noPlan }, shared, hooks)) as DoneOutcome;
    expect(outcome.details).not.toHaveProperty('ways');
    expect(outcome.metrics['expectedMacs']).toBe(outcome.metrics['macs']);
  });

  it('is timed briefly where nothing is decided by times', async () => {
    const sittings = async (setup: SharedTrialData['setup']) => {
      const { details } = await measure(shared.baseline, shared.baselineBytes, { ...shared, setup }, hooks);
      return (details['latency'] as { readonly sittings: number }).sittings;
    };
    expect(await sittings({ ...shared.setup, brieflyTimed: true })).toBe(3);
    expect(await sittings(shared.setup)).toBeGreaterThanOrEqual(7);
  });

  it('is told something of by a probe too: what has no meaning before training is trained briefly, all else stays', async () => {
    const probe = async (techniques: Plan['techniques']) => {
      const job = { trial: 1, attempt: 1, seed: 'a', plan: { recipe: {}, techniques }, probe: { images: 60 } };
      return ((await runTrial(job, shared, hooks)) as DoneOutcome).metrics;
    };
    const dense = await probe({});
    expect(dense['expectedMacs']).toBe(dense['macs']);
    for (const gate of ['confidence', 'learned']) {
      const leaving = await probe({ exit: { 'stage1.block1.conv1': { threshold: 0.6, gate } } });
      expect(leaving['expectedMacs']).toBeLessThan(leaving['macs']!);
      expect(leaving['accuracy']).toBeGreaterThan(dense['accuracy']! - 0.2);
    }
    const unmoved = await probe({ exit: { 'stage1.block1.conv1': { threshold: 0.999999 } } });
    expect(unmoved['accuracy']).toBe(dense['accuracy']);
  });
});
