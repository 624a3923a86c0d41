import type { Node, Tensor } from '../network/ir/graph.ts';
import { readFloat } from '../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../network/ir/ops/support/shapes.ts';

/** What a trained network's BatchNormalization does to a channel: times a factor, plus a term. */
export interface ChannelLine {
  readonly factors: Float32Array;
  readonly terms: Float32Array;
}

/** @param constant a parameter of the node by its name: scale, shift, mean and variance, one number per channel each */
export function channelLine(node: Node, constant: (value: string) => Tensor): ChannelLine {
  const [gamma, beta, mean, variance] = node.inputs.slice(1).map((name) => toNumbers(constant(name)));
  const epsilon = readFloat(node, 'epsilon', 1e-5);
  const factors = gamma!.map((scale, i) => scale / Math.sqrt(variance![i]! + epsilon));
  const terms = beta!.map((shift, i) => shift - mean![i]! * factors[i]!);
  return { factors: Float32Array.from(factors), terms: Float32Array.from(terms) };
}
