import * as ort from 'onnxruntime-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../src/core/candidate.ts';
import { quantize } from '../../src/network/compress/quantize.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { withBatch } from '../../src/network/ir/passes/with-batch.ts';
import { finish } from '../../src/trial/calibrate.ts';
import { measureProbe } from '../../src/trial/probe.ts';
import type { TrialHooks } from '../../src/trial/protocol.ts';
import type { SharedTrialData } from '../../src/trial/shared.ts';
import { quiet, stripes, tinyResnet } from '../network/engine/helpers.ts';

const hooks: TrialHooks = { ...quiet, exclusive: (work) => work(true), gpu: (work) => work() };
const data = stripes(48);
const graph = tinyResnet(data.shape);
const layers = quantize.sites(graph).map(({ name }) => name);

const plan = (names: readonly string[], settings: object = {}): Plan => ({
  recipe: {},
  techniques: { quantize: Object.fromEntries(names.map((name) => [name, { bits: 8, ...settings }])) },
});

/** A data set of its own has no statistics yet. */
const fresh = () => ({ ...data });
const finished = async (chosen: Plan, dataset = fresh()) =>
  encode(await finish(structuredClone(graph), chosen, { dataset } as SharedTrialData, hooks));

describe('calibration', () => {
  afterEach(() => vi.restoreAllMocks());

  it('sees images of all classes, though a folder has them one class after the other', async () => {
    const count = 1500;
    const split = { images: new Uint8Array(64 * count), labels: new Uint8Array(count), count };
    split.labels.fill(1, count / 2);
    split.images.fill(255, 32 * count);
    const dataset = { ...data, train: split, validation: split };
    const { initializers, nodes } = await finish(structuredClone(graph), plan(layers), { dataset } as SharedTrialData, hooks);
    const scale = initializers[nodes.find(({ op }) => op === 'QuantizeLinear')!.inputs[1]!]!;
    // From (0 − 0.35) / 0.25 to (1 − 0.35) / 0.25 in 255 steps.
    expect(Number(scale.data[0])).toBeCloseTo(4 / 255, 4);
    const probed = await measureProbe(withBatch(graph, 1), { images: 1000 }, { dataset } as SharedTrialData, hooks);
    expect(probed['accuracy']).toBeGreaterThan(0);
    expect(probed['accuracy']).toBeLessThan(1);
  });

  it('measures the same weights once, and only what is not known yet', async () => {
    const sessions = vi.spyOn(ort.InferenceSession, 'create');
    const dataset = fresh();
    const opened = async (chosen: Plan) => {
      sessions.mockClear();
      await finished(chosen, dataset);
      return sessions.mock.calls.length;
    };
    expect(await opened(plan(layers))).toBe(1);
    expect(await opened(plan(layers.slice(1), { weights: 'per-tensor' }))).toBe(0);
    // Ranges of the values whose histogram is asked for, then the histograms.
    expect(await opened(plan(layers, { calibration: 'mse' }))).toBe(2);
    expect(await opened(plan(layers, { calibration: 'entropy', bits: 4 }))).toBe(0);
  });

  it('gives the same file, bit by bit, whatever was measured before', async () => {
    const plans = [plan(layers.slice(2)), plan(layers), plan(layers.slice(0, 3), { calibration: 'mse', bias: 'corrected' })];
    const dataset = fresh();
    for (const chosen of plans) expect(await finished(chosen, dataset)).toEqual(await finished(chosen));
  });

  it('knows other weights for another network', async () => {
    const dataset = fresh();
    await finished(plan(layers), dataset);
    const other = tinyResnet(data.shape, { seed: 'other' });
    const make = async (on: typeof dataset) =>
      encode(await finish(other, plan(layers), { dataset: on } as SharedTrialData, hooks));
    expect(await make(dataset)).toEqual(await make(fresh()));
  });
});
