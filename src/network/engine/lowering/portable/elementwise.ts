import { float } from '../../../ir/builder.ts';
import type { Emission } from '../lowering.ts';

/** Steep enough that every normal float32 above 0 becomes 1. */
const steepness = 1e38;

/** (dy, gate) → dy where gate > 0, else 0. HardSigmoid makes the 0/1 mask several times faster than Greater or Where. */
export const reluGrad: Emission = ({ b, node }) => {
  const [dy, gate] = node.inputs as [string, string];
  const mask = b.op('HardSigmoid', [gate], { alpha: float(steepness), beta: float(0) });
  return [b.op('Mul', [dy, mask])];
};

/** (logits [N,K], target [N,K]) → (mean over the batch of −Σ target · logProbs, logProbs). */
export const softmaxCrossEntropy: Emission = ({ b, node }) => {
  const [logits, target] = node.inputs as [string, string];
  const logProbs = b.op('LogSoftmax', [logits], { axis: -1 });
  const sum = b.op('ReduceSum', [b.op('Mul', [logProbs, target]), b.ints([0, 1])], { keepdims: 0 });
  return [b.op('Mul', [sum, b.scalar(-1 / b.shape(logits)[0]!)]), logProbs];
};
