import '@tensorflow/tfjs-backend-cpu';
import * as javascript from '@tensorflow/tfjs-core';
import { NasError } from '../../src/core/errors.ts';
import { loadTensorflow } from '../../src/network/engine/tensorflow/package.ts';
import { openTensorflowSession } from '../../src/network/engine/tensorflow/session.ts';
import { feedsOf, runSteps, stepOf } from './espalier.ts';
import type { Net } from './net.ts';

/** Milliseconds per image of a step in TensorFlow.js, the shortest of few. */
export interface TensorflowTime {
  readonly who: string;
  readonly batch: number;
  readonly msPerImage: number;
}

/** In pure JavaScript, on very few images; natively where @tensorflow/tfjs-node-gpu is installed. */
export async function measureTensorflow(net: Net): Promise<readonly TensorflowTime[]> {
  javascript.env().set('IS_NODE', false); // no advertisement of the native backend
  const pure = await timed('TensorFlow.js in JavaScript', { ...net, batch: 2 }, javascript, 1);
  const native = await loadTensorflow('cpu').catch((error: unknown) => {
    if (error instanceof NasError) return undefined;
    throw error;
  });
  return native ? [pure, await timed('TensorFlow.js on TensorFlow', net, native, 4)] : [pure];
}

async function timed(
  who: string,
  net: Net,
  tf: Parameters<typeof openTensorflowSession>[0],
  steps: number,
): Promise<TensorflowTime> {
  const { state, step } = stepOf(net);
  const feeds = feedsOf(net);
  const session = openTensorflowSession(tf, step.graph);
  const { ms } = await runSteps(() => state.run(session, feeds), steps);
  await session.release();
  return { who, batch: net.batch, msPerImage: Math.min(...ms) / net.batch };
}
