import { availableParallelism } from 'node:os';
import { createRng } from '../../src/core/rng.ts';
import { buildTrainStep } from '../../src/network/autodiff/train-step.ts';
import { describeSetup, type EngineSetup } from '../../src/network/engine/choice.ts';
import { withStep } from '../../src/network/engine/engines/index.ts';
import { TrainState } from '../../src/network/engine/train-state.ts';
import { buildModel, modelSpecSchema } from '../../src/network/models/index.ts';
import { type Layout, layouts, type Torch } from '../engine-speed/torch.ts';
import type { Net } from './net.ts';

/** Milliseconds of single steps, by who made them. */
export type Steps = Readonly<Record<string, readonly number[]>>;

/** Long enough that the slowest, a wide network on one thread, makes a few. */
const secondsEach = 3;
const mostSteps = 60;

/** A training step of a network on every setup, one after the other, then by PyTorch on the GPU and the CPU. */
export async function stepTimes(net: Net, setups: readonly EngineSetup[], torch: Torch | undefined): Promise<Steps> {
  const found: Record<string, readonly number[]> = {};
  for (const setup of setups) {
    const threads = setup.device === 'cpu' ? [1, availableParallelism()] : [1];
    for (const count of threads) found[nameOf(setup, count)] = await ours(net, setup, count);
  }
  const devices = torch?.gpu ? ['cuda', 'cpu'] : ['cpu'];
  for (const device of torch ? devices : [])
    for (const layout of layouts) found[`PyTorch on ${device}, ${layout}`] = await theirs(net, torch!, device, layout);
  return found;
}

const nameOf = (setup: EngineSetup, threads: number) =>
  `${describeSetup(setup)}${setup.device === 'cpu' ? `, ${threads} ${threads === 1 ? 'thread' : 'threads'}` : ''}`;

async function ours({ family, channels, size, batch, width }: Net, setup: EngineSetup, threads: number) {
  const spec = modelSpecSchema.parse(
    family === 'resnet' ? { family, depth: 20, widths: [16, 32, 64].map((count) => count * width) } : { family },
  );
  const model = buildModel(spec, { shape: [channels, size, size], classes: 10, batch, seed: 'speed' });
  const optimizer = { name: 'sgd', momentum: 0.9, nesterov: true } as const;
  const step = buildTrainStep(model, { optimizer, weightDecay: 5e-4, batchNormMomentum: 0.9 });
  const state = new TrainState(model, step);
  const rng = createRng('speed');
  const feeds = {
    x: Float32Array.from({ length: batch * channels * size * size }, () => rng.normal()),
    labels: Uint8Array.from({ length: batch }, () => rng.int(10)),
    labelSmoothing: 0,
    learningRate: 0.01,
  };
  return withStep(step.graph, setup, { threads }, (session) => timed(() => state.run(session, feeds)));
}

async function theirs({ width, ...net }: Net, torch: Torch, device: string, layout: Layout) {
  const request = { ...net, ...(width === 1 ? {} : { width }), device };
  const run = async () => (await torch.run(request, layout, availableParallelism(), 1)).ms[0]!;
  return timed(run);
}

/** The first two, which compile, do not count. */
async function timed(run: () => Promise<unknown>): Promise<readonly number[]> {
  for (let i = 0; i < 2; i++) await run();
  const times: number[] = [];
  const endAt = performance.now() + secondsEach * 1000;
  while (times.length < 2 || (times.length < mostSteps && performance.now() < endAt)) {
    const startedAt = performance.now();
    await run();
    times.push(performance.now() - startedAt);
  }
  return times;
}
