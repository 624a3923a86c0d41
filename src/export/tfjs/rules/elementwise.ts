import type { Node } from '../../../network/ir/graph.ts';
import { readFloat } from '../../../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import { seluOf } from '../../../network/ir/ops/unary.ts';
import { channelLine } from '../../batch-norm.ts';
import { real } from '../writer.ts';
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

/** max(0, min(1, αx + β)) */
function hardSigmoidOf(c: Conversion, node: Node, alpha: number, beta: number): string {
  const output = node.outputs[0]!;
  const number = (name: string, value: number) => c.writer.scalar(`${output}/${name}`, value);
  const scaled = c.writer.op(`${output}/scaled`, 'Mul', [c.ref(node.inputs[0]!), number('alpha', alpha)]);
  const moved = c.writer.op(`${output}/moved`, 'AddV2', [scaled, number('beta', beta)]);
  return c.writer.op(`${output}/share`, 'ClipByValue', [moved, number('low', 0), number('high', 1)]);
}

const hardSigmoid: Rule = (c, node) => hardSigmoidOf(c, node, readFloat(node, 'alpha', 0.2), readFloat(node, 'beta', 0.5));

/** x · max(0, min(1, x / 6 + 1 / 2)) */
const hardSwish: Rule = (c, node) =>
  c.writer.op(node.outputs[0]!, 'Mul', [c.ref(node.inputs[0]!), hardSigmoidOf(c, node, 1 / 6, 0.5)]);

const leakyRelu: Rule = (c, node) =>
  c.writer.op(node.outputs[0]!, 'LeakyRelu', [c.ref(node.inputs[0]!)], { alpha: real(readFloat(node, 'alpha', 0.01)) });

/** TensorFlow's have no settings. */
const exponential =
  (op: string, isUsual: (node: Node) => boolean): Rule =>
  (c, node) =>
    isUsual(node) ? unary(op)(c, node) : c.refuse(node, 'has other numbers than TensorFlow takes');

const isNear = (value: number, usual: number): boolean => Math.abs(value - usual) < 1e-6;

const elu = exponential('Elu', (node) => readFloat(node, 'alpha', 1) === 1);
const selu = exponential('Selu', (node) => {
  const { slope, scale } = seluOf(node);
  return isNear(slope, 1.0507009873554805) && isNear(scale, 1.7580993408473766);
});

/** The channels lie last. */
const batchNormalization: Rule = (c, node) => {
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const { length: rank } = c.type(x).shape;
  if (rank === 3 || rank > 4) c.refuse(node, `runs over values of ${rank} dimensions`);
  const constant = (value: string) => c.constant(value) ?? c.refuse(node, 'has statistics that are no constants');
  const { factors, terms } = channelLine(node, constant);
  const vector = (name: string, data: Float32Array) =>
    c.writer.floats(`${output}/${name}`, { dtype: 'float32', shape: [data.length], data });
  const scaled = c.writer.op(`${output}/scaled`, 'Mul', [c.ref(x), vector('factor', factors)]);
  return c.writer.op(output, 'AddV2', [scaled, vector('term', terms)]);
};

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  Abs: unary('Abs'),
  Add: binary('AddV2'),
  BatchNormalization: batchNormalization,
  Clip: clip,
  Div: binary('RealDiv'),
  Elu: elu,
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Identity: unary('Identity'),
  LeakyRelu: leakyRelu,
  Max: binary('Maximum'),
  Min: binary('Minimum'),
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  PRelu: binary('Prelu'),
  Relu: unary('Relu'),
  Selu: selu,
  Sigmoid: unary('Sigmoid'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Sub: binary('Sub'),
  Tanh: unary('Tanh'),
};
