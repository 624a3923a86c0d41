import { createRng } from '../../src/core/rng.ts';
import { buildTrainStep } from '../../src/network/autodiff/train-step.ts';
import { lower } from '../../src/network/engine/lowering/index.ts';
import { openSession, type SessionOptions } from '../../src/network/engine/session.ts';
import { TrainState } from '../../src/network/engine/train-state.ts';
import { encode } from '../../src/network/ir/bytes/encode.ts';
import { buildModel, modelSpecSchema } from '../../src/network/models/index.ts';
import type { Net, StepTimes } from './net.ts';

export interface Trainer {
  readonly parameters: number;
  run(steps: number): Promise<StepTimes>;
  /** Share of a step's time by op, the largest first; only with `profile`, and once. */
  shares(): Promise<readonly OpShare[]>;
  close(): Promise<void>;
}

export interface OpShare {
  readonly op: string;
  readonly share: number;
}

/** The train step as `nas search` runs it, on random images. */
export async function openTrainer({ channels, size, batch }: Net, options: SessionOptions = {}): Promise<Trainer> {
  const spec = modelSpecSchema.parse({ family: 'resnet', depth: 20 });
  const model = buildModel(spec, { shape: [channels, size, size], classes: 10, batch, seed: 'speed' });
  const step = buildTrainStep(model, {
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: true },
    weightDecay: 5e-4,
    batchNormMomentum: 0.9,
  });
  const session = await openSession(encode(lower(step.graph, 'portable')), options);
  const state = new TrainState(model, step);
  const rng = createRng('speed');
  const feeds = {
    x: Float32Array.from({ length: batch * channels * size * size }, () => rng.normal()),
    labels: Uint8Array.from({ length: batch }, () => rng.int(10)),
    labelSmoothing: 0,
    learningRate: 0.01,
  };
  return {
    parameters: step.parameters.reduce((sum, slot) => sum + slot.size, 0),
    async run(steps) {
      const times: { ms: number[]; cpuMs: number[] } = { ms: [], cpuMs: [] };
      for (let i = 0; i < steps; i++) {
        const [wall, cpu] = [performance.now(), process.cpuUsage()];
        await state.run(session, feeds);
        times.ms.push(performance.now() - wall);
        const { user, system } = process.cpuUsage(cpu);
        times.cpuMs.push((user + system) / 1000);
      }
      return times;
    },
    async shares() {
      const byOp = new Map<string, number>();
      for (const { op, microseconds } of await session.endProfiling()) byOp.set(op, (byOp.get(op) ?? 0) + microseconds);
      const total = [...byOp.values()].reduce((sum, time) => sum + time, 0);
      return [...byOp].map(([op, time]) => ({ op, share: time / total })).sort((a, b) => b.share - a.share);
    },
    close: () => session.release(),
  };
}
