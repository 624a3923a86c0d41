import type { EngineSetup } from '../../src/network/engine/choice.ts';
import { withStep } from '../../src/network/engine/engines/index.ts';
import { feedsOf, stepOf } from '../engine-speed/espalier.ts';
import type { Net } from '../engine-speed/net.ts';

/** The network itself, then as candidates of a search have it: other counts of channels every time. */
const widths = [1, 0.75, 0.875, 0.5, 0.625];

/** Milliseconds from fresh weights to the end of the first step, of one network after the other in this process. */
export async function startTimes(net: Net, setup: EngineSetup): Promise<readonly number[]> {
  const times: number[] = [];
  const feeds = feedsOf(net);
  for (const width of widths) {
    const startedAt = performance.now();
    const { step, state } = stepOf({ ...net, width });
    await withStep(step.graph, setup, {}, async (session) => {
      await state.run(session, feeds);
      times.push(performance.now() - startedAt);
    });
  }
  return times;
}
