import type { Node } from '../../../network/ir/graph.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import type { Conversion, Rule } from './rule.ts';

const unary =
  (op: string): Rule =>
  (c, node) =>
    c.writer.op(node.outputs[0]!, op, [c.ref(node.inputs[0]!)]);

const binary =
  (op: string): Rule =>
  (c, node) => {
    const { length: rank } = c.type(node.outputs[0]!).shape;
    const refs = node.inputs.map((input) => {
      const own = c.type(input).shape.length;
      if (!c.constant(input) && own !== rank && own !== 0) c.refuse(node, `joins values of ${own} and ${rank} dimensions`);
      return c.ref(input, rank);
    });
    return c.writer.op(node.outputs[0]!, op, refs);
  };

const clip: Rule = (c, node) => {
  const [, low, high] = node.inputs;
  const bounds = [bound(c, node, low, -3.4e38), bound(c, node, high, 3.4e38)];
  const refs = bounds.map((value, i) => c.writer.scalar(`${node.outputs[0]}/${i === 0 ? 'low' : 'high'}`, value));
  return c.writer.op(node.outputs[0]!, 'ClipByValue', [c.ref(node.inputs[0]!), ...refs]);
};

function bound(c: Conversion, node: Node, value: string | undefined, open: number): number {
  if (value === undefined || value === '') return open;
  const constant = c.constant(value);
  return constant ? toNumbers(constant)[0]! : c.refuse(node, 'has bounds that are no constants');
}

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  Abs: unary('Abs'),
  Add: binary('AddV2'),
  Clip: clip,
  Div: binary('RealDiv'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Identity: unary('Identity'),
  Max: binary('Maximum'),
  Min: binary('Minimum'),
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  Relu: unary('Relu'),
  Sigmoid: unary('Sigmoid'),
  Sqrt: unary('Sqrt'),
  Sub: binary('Sub'),
  Tanh: unary('Tanh'),
};
