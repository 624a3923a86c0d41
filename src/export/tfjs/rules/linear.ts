import { readFloat, readInt } from '../../../network/ir/ops/support/attributes.ts';
import { permuted } from '../../constants.ts';
import { flag } from '../writer.ts';
import type { Rule } from './rule.ts';

/** x [N, in] times constant weights, which lie as [in, out]. */
const gemm: Rule = (c, node) => {
  const [x, weight, bias] = node.inputs as [string, string, string?];
  const plain = readFloat(node, 'alpha', 1) === 1 && readFloat(node, 'beta', 1) === 1 && readInt(node, 'transA', 0) === 0;
  if (!plain) c.refuse(node, 'scales or transposes its input');
  if (!c.constant(weight)) c.refuse(node, 'multiplies two values that are no constants');
  const transposed = readInt(node, 'transB', 0) === 1;
  const w = transposed
    ? c.weight(
        weight,
        (codes) => permuted(codes, [1, 0]),
        (scales) => scales,
      )
    : c.ref(weight);
  const output = node.outputs[0]!;
  const attributes = { transpose_a: flag(false), transpose_b: flag(false) };
  const y = c.writer.op(bias ? `${output}/product` : output, 'MatMul', [c.ref(x), w], attributes);
  return bias ? c.writer.op(output, 'AddV2', [y, c.ref(bias)]) : y;
};

const matMul: Rule = (c, node) => {
  const ranks = node.inputs.map((input) => c.type(input).shape.length);
  if (ranks.some((rank) => rank !== 2)) c.refuse(node, `multiplies values of ${ranks.join(' and ')} dimensions`);
  const attributes = { transpose_a: flag(false), transpose_b: flag(false) };
  return c.writer.op(node.outputs[0]!, 'MatMul', [c.ref(node.inputs[0]!), c.ref(node.inputs[1]!)], attributes);
};

const overClasses =
  (op: string): Rule =>
  (c, node) => {
    const { length: rank } = c.type(node.inputs[0]!).shape;
    if (rank !== 2 || c.axis(readInt(node, 'axis', -1), rank) !== 1) c.refuse(node, 'runs over something else than classes');
    return c.writer.op(node.outputs[0]!, op, [c.ref(node.inputs[0]!)]);
  };

export const linearRules: Readonly<Record<string, Rule>> = {
  Gemm: gemm,
  LogSoftmax: overClasses('LogSoftmax'),
  MatMul: matMul,
  Softmax: overClasses('Softmax'),
};
