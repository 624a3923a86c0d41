import { readInt } from '../../../ir/ops/support/attributes.ts';
import { axisOf } from '../../../ir/ops/support/shapes.ts';
import { type Kernels, plain } from '../kernel.ts';

/** Below it a scale divides nothing, as in the other lowerings. */
const leastScale = 1e-8;

/** scale · clip(round(x / scale), low, high), halves to even. */
const fakeQuant = plain(([x, scale], { tf, node }) => {
  const positive = tf.maximum(scale!, leastScale);
  const aligned = (axis: number) =>
    tf.reshape(
      positive,
      x!.shape.map((size, i) => (i === axis ? size : 1)),
    );
  const step = scale!.rank === 0 ? positive : aligned(axisOf(node, readInt(node, 'axis', 1), x!.rank));
  const level = tf.clipByValue(tf.round(tf.div(x!, step)), readInt(node, 'low', 0), readInt(node, 'high', 255));
  return tf.mul(level, step);
});

/** Quantization as training sees it; its gradient is expanded into ops that are there. */
export const quantizationKernels: Kernels = { 'espalier:FakeQuant': fakeQuant, 'espalier:LearnedFakeQuant': fakeQuant };
