import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { kernels } from '../../../../src/network/engine/tensorflow/kernels/index.ts';
import { openTensorflowSession } from '../../../../src/network/engine/tensorflow/session.ts';
import { ops } from '../../../../src/network/ir/ops/index.ts';
import { buildCase, nameOf } from '../../../fixtures/gradient.ts';
import { opCases } from '../../../fixtures/gradient-cases.ts';
import { interpret } from '../../../fixtures/interpreter.ts';
import { expectClose } from '../../../fixtures/numbers.ts';

const ownLayout = 'com.microsoft.nchwc';

const key = ({ domain, op }: { domain?: string; op: string }) => `${domain ?? ''}:${op}`;

/** Of exported and imported models, or of onnxruntime's own layout: no train step has them before it is lowered. */
const inferenceOnly = [
  ':If',
  ':ConvTranspose',
  ':ConvInteger',
  ':MatMulInteger',
  ':QuantizeLinear',
  ':DequantizeLinear',
  ':DynamicQuantizeLinear',
  ':Resize',
  ':ScatterElements',
  ':BitShift',
  'espalier:Stored',
];

/** Forms that the engine refuses. */
const refused = ['Conv (one dimension)', 'Conv (three dimensions)', 'MaxPool (indices)'];

/** Every op that a train step may have, with its gradient, in TensorFlow.js against the reference in float64. */
describe('the engine tensorflow', () => {
  it('has a kernel for every op but those of inference and those that the portable lowering expands', () => {
    const without = ops.filter((entry) => entry.domain !== 'espalier' && entry.domain !== ownLayout && !kernels[key(entry)]);
    expect(without.map(key).filter((name) => !inferenceOnly.includes(name))).toEqual([]);
  });

  const cases = opCases.filter((testCase) => testCase.domain !== ownLayout && !inferenceOnly.includes(key(testCase)));
  it.each(cases.map((testCase) => [nameOf(testCase), testCase] as const))('%s', async (name, testCase) => {
    const { backward, feeds } = buildCase(testCase, 'tensorflow');
    const expected = interpret(backward, feeds);
    const session = openTensorflowSession(tf, backward);
    const tensors = Object.fromEntries(
      backward.inputs.map((input) => [input.name, { ...input.type, data: Float32Array.from(feeds[input.name]!) }]),
    );
    if (refused.includes(name)) {
      await expect(session.run(tensors)).rejects.toMatchObject({ code: 'ENGINE_TENSORFLOW' });
      return;
    }
    const found = await session.run(tensors);
    for (const output of backward.outputs) {
      expect(found[output]!.shape).toEqual(expected[output]!.shape);
      expectClose(Float64Array.from(found[output]!.data, Number), expected[output]!.data, 1e-4, `${name}: ${output}`);
    }
    const held = tf.memory().numTensors;
    expect(await session.run(tensors), 'a second run').toEqual(found);
    expect(tf.memory().numTensors, 'tensors that a run leaves behind').toBe(held);
    await session.release();
  });
});
