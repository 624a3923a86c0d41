import type { Node, Tensor } from '../../network/ir/graph.ts';
import { toNumbers } from '../../network/ir/ops/support/shapes.ts';
import type { CodeRange } from './rules/rule.ts';

interface Constants {
  constant(value: string): Tensor | undefined;
}

/** From 0 … 255 to TensorFlow Lite's −128 … 127. */
const shift = 128;

/**
 * The range of the codes that a QuantizeLinear makes, or a DequantizeLinear reads, as TensorFlow Lite has it. Undefined where
 * it is no constant, or not one for the whole tensor.
 */
export function codeRange(constants: Constants, node: Node): CodeRange | undefined {
  const [, scale, zero] = node.inputs as [string, string, string?];
  const scales = constants.constant(scale);
  const zeros = zero ? constants.constant(zero) : undefined;
  if (!scales || (zero && !zeros)) return undefined;
  const [range] = toNumbers(scales);
  const [point] = zeros ? toNumbers(zeros) : [0];
  // An exported file also spells the one range of a tensor out per channel, before a layer that computes on floats.
  const one = toNumbers(scales).every((each) => each === range) && (!zeros || toNumbers(zeros).every((each) => each === point));
  const unsigned = (zeros?.dtype ?? 'uint8') === 'uint8';
  return one ? { scale: range!, zero: point! - (unsigned ? shift : 0) } : undefined;
}
