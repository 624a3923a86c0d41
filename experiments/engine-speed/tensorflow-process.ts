/** One TensorFlow.js in a process of its own, since two share what they register. Prints milliseconds per image as JSON, or null. */
import '@tensorflow/tfjs-backend-cpu';
import * as javascript from '@tensorflow/tfjs-core';
import { NasError } from '../../src/core/errors.ts';
import { loadTensorflow } from '../../src/network/engine/tensorflow/package.ts';
import { openTensorflowSession } from '../../src/network/engine/tensorflow/session.ts';
import { feedsOf, runSteps, stepOf } from './espalier.ts';
import type { Net } from './net.ts';

const [kind, net, steps] = JSON.parse(process.argv[2]!) as [kind: 'javascript' | 'native', net: Net, steps: number];
const tf = kind === 'native' ? await native() : pure();
process.stdout.write(JSON.stringify(tf ? await msPerImage(tf) : null));

function pure() {
  javascript.env().set('IS_NODE', false); // no advertisement of the native backend
  return javascript;
}

async function native() {
  try {
    return await loadTensorflow('cpu');
  } catch (error) {
    if (error instanceof NasError) return undefined;
    throw error;
  }
}

async function msPerImage(tf: Parameters<typeof openTensorflowSession>[0]): Promise<number> {
  const { state, step } = stepOf(net);
  const feeds = feedsOf(net);
  const session = openTensorflowSession(tf, step.graph);
  const { ms } = await runSteps(() => state.run(session, feeds), steps);
  await session.release();
  return Math.min(...ms) / net.batch;
}
