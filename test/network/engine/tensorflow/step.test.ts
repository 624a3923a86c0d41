import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { withStep } from '../../../../src/network/engine/engines/index.ts';
import { selfTest } from '../../../../src/network/engine/select/self-test.ts';
import type { Session } from '../../../../src/network/engine/session.ts';
import { openTensorflowSession } from '../../../../src/network/engine/tensorflow/session.ts';

const setup = { engine: 'tensorflow', device: 'cpu', lowering: 'none' } as const;
const sizes = { batch: 3, size: 8, width: 4 };

/** Steps on TensorFlow.js' backend in JavaScript, each session changed by `change`. */
const onJavaScript =
  (change: (session: Session) => Session = (session) => session): typeof withStep =>
  (step, _setup, _options, work) =>
    work(change(openTensorflowSession(tf, step)));

describe('a whole train step in TensorFlow.js', () => {
  it('passes the self-test: every parameter changes as on onnxruntime', async () => {
    expect(await selfTest(setup, { sizes, run: onJavaScript() })).toBeUndefined();
  });

  it('does not pass where a number is wrong', async () => {
    const wrong = (session: Session): Session => ({
      ...session,
      async run(feeds, fetches) {
        const results = await session.run(feeds, fetches);
        (results['theta.next']!.data as Float32Array)[5]! += 0.1;
        return results;
      },
    });
    expect(await selfTest(setup, { sizes, run: onJavaScript(wrong) })).toMatch(/self-test failed: a train step changes "/);
  });

  it('does not pass where a number is none', async () => {
    const broken = (session: Session): Session => ({
      ...session,
      async run(feeds, fetches) {
        const results = await session.run(feeds, fetches);
        (results['theta.next']!.data as Float32Array).fill(Number.NaN);
        return results;
      },
    });
    expect(await selfTest(setup, { sizes, run: onJavaScript(broken) })).toMatch(/self-test failed/);
  });
});
