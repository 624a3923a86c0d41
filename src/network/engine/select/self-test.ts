import { createRng } from '../../../core/rng.ts';
import { buildTrainStep, type TrainStep } from '../../autodiff/train-step.ts';
import type { Graph } from '../../ir/graph.ts';
import { type Device, defaultEngine, type EngineSetup } from '../choice.ts';
import { withStep } from '../engines/index.ts';
import { lowerings } from '../lowering/index.ts';
import { type StepFeeds, TrainState } from '../train-state.ts';
import { type ProbeSizes, probeNetwork } from './probe-network.ts';

/**
 * How far the change of a parameter may be from that of the portable graph on the CPU, relative to its size. A GPU may
 * round the operands of a convolution to 11 bits; an op that computes something else is off by the size of the change itself.
 */
const toleranceOn = (device: Device): number => (device === 'cpu' ? 0.001 : 0.02);

/** A GPU takes a few milliseconds for the small step; a GPU that the CPU emulates, a thousand. */
const slowMs = 300;

export interface SelfTestOptions {
  /** Refuse what is right but slow: for a setup that nobody asked for by name. */
  readonly quick?: boolean;
  readonly sizes?: ProbeSizes;
  /** What opens and runs the step. */
  readonly run?: typeof withStep;
}

/**
 * One train step of a small network that has every kind of layer, compared with the portable graph on the CPU. Resolves
 * with why the setup cannot be used, or undefined where it can.
 */
export async function selfTest(setup: EngineSetup, options: SelfTestOptions = {}): Promise<string | undefined> {
  const { sizes = { batch: 8, size: 8, width: 16 }, quick = false, run = withStep } = options;
  const unfit = await lowerings.find(({ name }) => name === setup.lowering)?.unfit?.();
  if (unfit) return unfit;
  const tolerance = toleranceOn(setup.device);
  const problem = problemOf(probeNetwork(sizes));
  const expected = await solve(problem, defaultEngine, withStep);
  try {
    const found = await solve(problem, setup, run);
    const wrong = Object.keys(problem.model.initializers).find((name) => !(errorOf(name, problem, expected, found) < tolerance));
    if (wrong) return `its self-test failed: a train step changes "${wrong}" differently than on the CPU.`;
    if (quick && found.secondMs > slowMs)
      return `it computes right, but takes ${Math.round(found.secondMs)} ms for a step of milliseconds.`;
    return undefined;
  } catch (error) {
    return firstLine(error);
  }
}

/** Native libraries write paths of their sources, and more, into what they throw. */
const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim();

interface Problem {
  readonly model: Graph;
  readonly step: TrainStep;
  readonly feeds: StepFeeds;
}

function problemOf(model: Graph): Problem {
  const optimizer = { name: 'sgd', momentum: 0.9, nesterov: true } as const;
  const step = buildTrainStep(model, { optimizer, weightDecay: 5e-4, batchNormMomentum: 0.9 });
  const [batch, ...image] = model.inputs[0]!.type.shape as [number, ...number[]];
  const classes = model.types[model.outputs[0]!]!.shape[1]!;
  const rng = createRng('self-test');
  const x = Float32Array.from({ length: batch * image.reduce((size, count) => size * count, 1) }, () => rng.normal());
  const labels = Uint8Array.from({ length: batch }, () => rng.int(classes));
  return { model, step, feeds: { x, labels, labelSmoothing: 0.1, learningRate: 0.1 } };
}

interface Solution {
  /** The model after one step. */
  readonly graph: Graph;
  /** What a second step took: the first one may compile. */
  readonly secondMs: number;
}

function solve({ model, step, feeds }: Problem, setup: EngineSetup, run: typeof withStep): Promise<Solution> {
  const state = new TrainState(model, step);
  return run(step.graph, setup, {}, async (session) => {
    await state.run(session, feeds);
    await state.settle();
    const graph = state.trainedGraph();
    const startedAt = performance.now();
    await state.run(session, feeds);
    return { graph, secondMs: performance.now() - startedAt };
  });
}

/** ‖found − expected‖ / ‖expected − before‖ */
function errorOf(name: string, { model }: Problem, expected: Solution, found: Solution): number {
  const data = (graph: Graph) => graph.initializers[name]!.data as Float32Array;
  const [before, right, other] = [data(model), data(expected.graph), data(found.graph)];
  let [difference, change] = [0, 0];
  right.forEach((value, i) => {
    difference += (other[i]! - value) ** 2;
    change += (value - before[i]!) ** 2;
  });
  return Math.sqrt(difference / change);
}
