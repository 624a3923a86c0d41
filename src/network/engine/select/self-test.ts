import { createRng } from '../../../core/rng.ts';
import { buildTrainStep } from '../../autodiff/train-step.ts';
import type { Graph } from '../../ir/graph.ts';
import { type Device, defaultEngine, type EngineSetup } from '../choice.ts';
import { withStep } from '../engines/index.ts';
import { lowerings } from '../lowering/index.ts';
import { TrainState } from '../train-state.ts';
import { probeNetwork } from './probe-network.ts';

/**
 * How far the change of a parameter may be from that of the portable graph on the CPU, relative to its size. A GPU rounds the
 * operands of a convolution to 11 bits; an op that computes something else is off by the size of the change itself.
 */
const toleranceOn = (device: Device): number => (device === 'cpu' ? 0.001 : 0.02);

/** One train step of a small network that has every kind of layer, compared with the portable graph on the CPU. */
export async function selfTest(setup: EngineSetup): Promise<string | undefined> {
  const unfit = await lowerings.find(({ name }) => name === setup.lowering)?.unfit?.();
  if (unfit) return unfit;
  const tolerance = toleranceOn(setup.device);
  const model = probeNetwork({ batch: 8, size: 8, width: 16 });
  const expected = await afterOneStep(model, defaultEngine);
  const found = await afterOneStep(model, setup).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  if (found instanceof Error) return found.message;
  const wrong = Object.keys(model.initializers).find((name) => !(errorOf(name, model, expected, found) < tolerance));
  return wrong && `its self-test failed: a train step changes "${wrong}" differently than on the CPU.`;
}

async function afterOneStep(model: Graph, setup: EngineSetup): Promise<Graph> {
  const options = {
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
    weightDecay: 5e-4,
    batchNormMomentum: 0.9,
  } as const;
  const step = buildTrainStep(model, options);
  const state = new TrainState(model, step);
  const [batch, ...image] = model.inputs[0]!.type.shape as [number, ...number[]];
  const rng = createRng('self-test');
  const x = Float32Array.from({ length: batch * image.reduce((size, count) => size * count, 1) }, () => rng.normal());
  const labels = Uint8Array.from({ length: batch }, () => rng.int(model.types[model.outputs[0]!]!.shape[1]!));
  await withStep(step.graph, setup, {}, (session) => state.run(session, { x, labels, labelSmoothing: 0.1, learningRate: 0.1 }));
  return state.trainedGraph();
}

/** ‖found − expected‖ / ‖expected − before‖ */
function errorOf(name: string, before: Graph, expected: Graph, found: Graph): number {
  const [start, right, other] = [before, expected, found].map((graph) => graph.initializers[name]!.data as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  let [difference, change] = [0, 0];
  right.forEach((value, i) => {
    difference += (other[i]! - value) ** 2;
    change += (value - start[i]!) ** 2;
  });
  return Math.sqrt(difference / change);
}
