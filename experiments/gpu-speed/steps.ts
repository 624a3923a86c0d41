import { availableParallelism } from 'node:os';
import { describeSetup, type EngineSetup } from '../../src/network/engine/choice.ts';
import { withStep } from '../../src/network/engine/engines/index.ts';
import { feedsOf, stepOf } from '../engine-speed/espalier.ts';
import type { Net } from '../engine-speed/net.ts';
import { type Layout, layouts, type Torch } from '../engine-speed/torch.ts';

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

export const nameOf = (setup: EngineSetup, threads: number) =>
  `${describeSetup(setup)}${setup.device === 'cpu' ? `, ${threads} ${threads === 1 ? 'thread' : 'threads'}` : ''}`;

function ours(net: Net, setup: EngineSetup, threads: number) {
  const { step, state } = stepOf(net);
  const feeds = feedsOf(net);
  return withStep(step.graph, setup, { threads }, (session) => timed(() => state.run(session, feeds)));
}

function theirs(net: Net, torch: Torch, device: string, layout: Layout) {
  const request = { ...net, device };
  return timed(() => torch.run(request, layout, availableParallelism(), 1));
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
