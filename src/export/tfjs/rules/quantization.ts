import type { Node } from '../../../network/ir/graph.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import type { Conversion, Rule } from './rule.ts';

/** Ranges of the integer types that activations have. */
const ranges: Readonly<Record<string, readonly [number, number]>> = { uint8: [0, 255], int8: [-128, 127] };

/** TensorFlow.js has no integer kernels: the same whole numbers are kept as floats, so that answers agree, not speed. */
const quantize: Rule = (c, node) => {
  const output = node.outputs[0]!;
  const [scale, zero] = parameters(c, node);
  const [low, high] = ranges[c.type(output).dtype] ?? c.refuse(node, `makes ${c.type(output).dtype}`);
  const w = c.writer;
  const scaled = w.op(`${output}/scaled`, 'RealDiv', [c.ref(node.inputs[0]!), scale]);
  const rounded = w.op(`${output}/rounded`, 'Round', [scaled]);
  const moved = zero === undefined ? rounded : w.op(`${output}/moved`, 'AddV2', [rounded, zero]);
  const bounds = [w.scalar(`${output}/low`, low), w.scalar(`${output}/high`, high)];
  return w.op(output, 'ClipByValue', [moved, ...bounds]);
};

const dequantize: Rule = (c, node) => {
  const output = node.outputs[0]!;
  const [scale, zero] = parameters(c, node);
  const q = c.ref(node.inputs[0]!);
  const moved = zero === undefined ? q : c.writer.op(`${output}/moved`, 'Sub', [q, zero]);
  return c.writer.op(output, 'Mul', [moved, scale]);
};

/** Scale and zero point; channels, where each has its own, are the last axis in TensorFlow. */
function parameters(c: Conversion, node: Node): [scale: string, zero: string | undefined] {
  const [, scale, zero] = node.inputs as [string, string, string?];
  const constants = [scale, zero].map((name) => (name ? c.constant(name) : undefined));
  if (!constants[0] || (zero && !constants[1])) c.refuse(node, 'has a range that is no constant');
  const isZero = !constants[1] || toNumbers(constants[1]).every((value) => value === 0);
  return [c.ref(scale, 1), isZero ? undefined : c.ref(zero!, 1)];
}

export const quantizationRules: Readonly<Record<string, Rule>> = { QuantizeLinear: quantize, DequantizeLinear: dequantize };
