import { createRng } from '../../src/core/rng.ts';
import { buildTrainStep } from '../../src/network/autodiff/train-step.ts';
import { lower } from '../../src/network/engine/lowering/index.ts';
import { openSession } from '../../src/network/engine/session.ts';
import { TrainState } from '../../src/network/engine/train-state.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import type { Graph } from '../../src/network/ir/graph.ts';
import { buildModel, modelSpecSchema } from '../../src/network/models/index.ts';
import type { Net, StepTimes } from './net.ts';

export interface TrainerOptions {
  readonly lowering: string;
  readonly threads: number;
  readonly profile?: boolean;
}

export interface Trainer {
  readonly parameters: number;
  /** From the network's fresh weights to the end of the first step. */
  readonly startMs: number;
  readonly lowered: Graph;
  run(steps: number): Promise<StepTimes>;
  /** Milliseconds of every node: the shortest of its runs. Only with `profile`, and once. */
  nodeTimes(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

const specOf = ({ family, width = 1 }: Net) =>
  family === 'resnet' ? { family, depth: 20, widths: [16, 32, 64].map((count) => count * width) } : { family };

export const modelOf = (net: Net): Graph => {
  const { channels, size, batch } = net;
  const spec = modelSpecSchema.parse(specOf(net));
  return buildModel(spec, { shape: [channels, size, size], classes: 10, batch, seed: 'speed' });
};

/** The train step of a network. */
export function stepOf(net: Net) {
  const model = modelOf(net);
  const step = buildTrainStep(model, {
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
    weightDecay: 5e-4,
    batchNormMomentum: 0.9,
  });
  return { step, state: new TrainState(model, step) };
}

/** The train step as `nas search` runs it, on random images; one step was made already. */
export async function openTrainer(net: Net, { lowering, threads, profile = false }: TrainerOptions): Promise<Trainer> {
  const feeds = feedsOf(net);
  const startedAt = performance.now();
  const { step, state } = stepOf(net);
  const lowered = lower(step.graph, lowering);
  const session = await openSession(encode(lowered), { threads, profile, asWritten: true });
  await state.run(session, feeds);
  return {
    parameters: step.parameters.reduce((sum, slot) => sum + slot.size, 0),
    startMs: performance.now() - startedAt,
    lowered,
    run: (steps) => runSteps(() => state.run(session, feeds), steps),
    async nodeTimes() {
      const shortest = new Map<string, number>();
      for (const { node, microseconds } of await session.endProfiling()) {
        shortest.set(node, Math.min(shortest.get(node) ?? Number.POSITIVE_INFINITY, microseconds / 1000));
      }
      return shortest;
    },
    close: () => session.release(),
  };
}

export async function runSteps(run: () => Promise<unknown>, steps: number): Promise<StepTimes> {
  const times: { ms: number[]; cpuMs: number[] } = { ms: [], cpuMs: [] };
  for (let i = 0; i < steps; i++) {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    await run();
    times.ms.push(performance.now() - wall);
    const { user, system } = process.cpuUsage(cpu);
    times.cpuMs.push((user + system) / 1000);
  }
  return times;
}

export function feedsOf({ channels, size, batch }: Net) {
  const rng = createRng('speed');
  return {
    x: Float32Array.from({ length: batch * channels * size * size }, () => rng.normal()),
    labels: Uint8Array.from({ length: batch }, () => rng.int(10)),
    labelSmoothing: 0,
    learningRate: 0.01,
  };
}
