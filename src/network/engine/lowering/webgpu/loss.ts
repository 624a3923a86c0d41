import { type Builder, float } from '../../../ir/builder.ts';
import { readInt } from '../../../ir/ops/support/attributes.ts';
import { axisOf, range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';

/** By what the provider has: without it the step waits for the GPU, and the GPU for the CPU. x − max − log Σ exp(x − max). */
export const logSoftmax: Emission = ({ b, node }) => {
  const [x] = node.inputs as [string];
  const axes = [readInt(node, 'axis', -1)];
  const shifted = b.op('Sub', [x, b.op('ReduceMax', [x], { axes, keepdims: 1 })]);
  const sum = b.op('ReduceSum', [b.op('Exp', [shifted]), b.ints(axes)], { keepdims: 1 });
  return [b.op('Sub', [shifted, b.op('Log', [sum])])];
};

/**
 * Positions of maxima are compared as float32: the CPU would compare the int64 of ArgMax, for which the GPU had to wait
 * in the middle of the step.
 */
export const equal: Emission = ({ b, node }) => {
  const positions = node.inputs.map((value) => positionOf(b, value));
  return [b.op('Equal', positions.every((position) => position !== undefined) ? positions : node.inputs)];
};

/** Steep enough that every normal float32 below 0 becomes −∞. */
const steepness = 1e38;

/** Where a value is of ArgMax: how many there are from the first maximum to the end, as float32. */
function positionOf(b: Builder, value: string): string | undefined {
  const argMax = b.nodes.find(({ op, outputs }) => op === 'ArgMax' && outputs[0] === value);
  if (!argMax) return undefined;
  const [x] = argMax.inputs as [string];
  const axis = axisOf(argMax, readInt(argMax, 'axis', 0), b.shape(x).length);
  const count = b.shape(x)[axis]!;
  const below = b.op('Sub', [x, b.op('ReduceMax', [x], { axes: [axis], keepdims: 1 })]);
  const maxima = b.op('HardSigmoid', [below], { alpha: float(steepness), beta: float(1) });
  const fromEnd = b.floats(
    range(0, count).map((i) => count - i),
    b.shape(x).map((_, i) => (i === axis ? count : 1)),
  );
  return b.op('ReduceMax', [b.op('Mul', [maxima, fromEnd])], { axes: [axis], keepdims: readInt(argMax, 'keepdims', 1) });
}
