import type { Node } from '../../../network/ir/graph.ts';
import { readFloat } from '../../../network/ir/ops/support/attributes.ts';
import { toNumbers } from '../../../network/ir/ops/support/shapes.ts';
import { seluOf } from '../../../network/ir/ops/unary.ts';
import { add, div, gelu, leakyRelu, mul, type OperatorName, type Options, pow as powOptions, sub } from '../schema.ts';
import type { CodeRange, Conversion, Manner, Rule, Work } from './rule.ts';

const unary =
  (operator: OperatorName, options?: (node: Node) => Options): Rule =>
  (c, node) => {
    const work = c.work(node, [node.inputs[0]!]);
    c.writer.operator(operator, work.inputs, work.output, options?.(node));
  };

const binary =
  (operator: OperatorName, manner: Manner, options?: Options): Rule =>
  (c, node) => {
    if (node.inputs.length !== 2) c.refuse(node, `joins ${node.inputs.length} values`);
    const work = c.work(node, node.inputs, { manner });
    c.writer.operator(operator, work.inputs, work.output, options);
  };

/** Joins a value with a number. */
function withNumber(c: Conversion, work: Work, name: string, step: Step): number {
  const { operator, by, from, to = c.between(work, name, c.writer.shapeOf(work.output)) } = step;
  const number = c.floats(`${name}/number`, { shape: [], data: Float32Array.of(by) });
  const options = { ADD: add, MUL: mul }[operator as string];
  c.writer.operator(operator, [from, number], to, options);
  return to;
}

interface Step {
  readonly operator: OperatorName;
  readonly by: number;
  readonly from: number;
  /** Default: a tensor in between. */
  readonly to?: number;
}

/** Values outside of `low` … `high` become these. */
function clamp(c: Conversion, node: Node, low: number, high: number): void {
  const operator = clampOperator(c.codesOf(node), low, high);
  // Bounds within the range of the codes are those of floats.
  const work = c.work(node, [node.inputs[0]!], { manner: operator ? 'codes' : 'floats' });
  const output = node.outputs[0]!;
  if (operator) {
    c.writer.operator(operator, work.inputs, work.output);
    return;
  }
  const above =
    high === Number.POSITIVE_INFINITY
      ? work.output
      : withNumber(c, work, `${output}/below`, { operator: 'MINIMUM', by: high, from: work.inputs[0]! });
  const from = above === work.output ? work.inputs[0]! : above;
  withNumber(c, work, `${output}/above`, { operator: 'MAXIMUM', by: Math.max(low, lowest), from, to: work.output });
}

/** A float that no value is below. */
const lowest = -3.4e38;

function clampOperator(range: CodeRange | undefined, low: number, high: number): OperatorName | undefined {
  // Codes reach no further than their range does.
  if (range && within(range, low, high)) return 'QUANTIZE';
  if (low === 0 && high === Number.POSITIVE_INFINITY) return 'RELU';
  return low === 0 && high === 6 ? 'RELU6' : undefined;
}

const within = ({ scale, zero }: CodeRange, low: number, high: number): boolean =>
  (-128 - zero) * scale >= low - scale / 2 && (127 - zero) * scale <= high + scale / 2;

const relu: Rule = (c, node) => clamp(c, node, 0, Number.POSITIVE_INFINITY);

const clip: Rule = (c, node) => {
  const [, low, high] = node.inputs;
  clamp(c, node, bound(c, node, low, Number.NEGATIVE_INFINITY), bound(c, node, high, Number.POSITIVE_INFINITY));
};

function bound(c: Conversion, node: Node, value: string | undefined, open: number): number {
  if (value === undefined || value === '') return open;
  const constant = c.constant(value);
  return constant ? toNumbers(constant)[0]! : c.refuse(node, 'has bounds that are no constants');
}

/** max(0, min(1, αx + β)) = relu6(6αx + 6β) / 6 */
const hardSigmoid: Rule = (c, node) => {
  const work = c.work(node, [node.inputs[0]!]);
  const output = node.outputs[0]!;
  const slope = 6 * readFloat(node, 'alpha', 0.2);
  const [x] = work.inputs as [number];
  const scaled = Math.fround(slope) === 1 ? x : withNumber(c, work, `${output}/scaled`, { operator: 'MUL', by: slope, from: x });
  const moved = withNumber(c, work, `${output}/moved`, { operator: 'ADD', by: 6 * readFloat(node, 'beta', 0.5), from: scaled });
  const cut = c.between(work, `${output}/cut`, c.writer.shapeOf(work.output));
  c.writer.operator('RELU6', [moved], cut);
  withNumber(c, work, output, { operator: 'MUL', by: 1 / 6, from: cut, to: work.output });
};

/** slope · max(x, 0) + scale · (exp(min(x, 0)) − 1) */
const exponential =
  (settingsOf: (node: Node) => ReturnType<typeof seluOf>): Rule =>
  (c, node) => {
    const { slope, scale } = settingsOf(node);
    const work = c.work(node, [node.inputs[0]!]);
    const [x] = work.inputs as [number];
    if (slope === 1 && scale === 1) return c.writer.operator('ELU', [x], work.output);
    const output = node.outputs[0]!;
    const shape = c.writer.shapeOf(work.output);
    const [above, below] = [c.between(work, `${output}/relu`, shape), c.between(work, `${output}/elu`, shape)];
    c.writer.operator('RELU', [x], above);
    const low = withNumber(c, work, `${output}/low`, { operator: 'MINIMUM', by: 0, from: x });
    c.writer.operator('ELU', [low], below);
    const parts = [
      withNumber(c, work, `${output}/slope`, { operator: 'MUL', by: slope, from: above }),
      withNumber(c, work, `${output}/scale`, { operator: 'MUL', by: scale, from: below }),
    ];
    c.writer.operator('ADD', parts, work.output, add);
  };

/** max(x, 0) + log(1 + exp(−|x|)) */
const softplus: Rule = (c, node) => {
  const work = c.work(node, [node.inputs[0]!]);
  const output = node.outputs[0]!;
  const step = (operator: OperatorName, name: string, from: number): number => {
    const to = c.between(work, `${output}/${name}`, c.writer.shapeOf(work.output));
    c.writer.operator(operator, [from], to);
    return to;
  };
  const [x] = work.inputs as [number];
  const power = step('EXP', 'exp', step('NEG', 'neg', step('ABS', 'abs', x)));
  const rest = step('LOG', 'log', withNumber(c, work, `${output}/sum`, { operator: 'ADD', by: 1, from: power }));
  c.writer.operator('ADD', [step('RELU', 'relu', x), rest], work.output, add);
};

/** Squares and cubes are products. */
const pow: Rule = (c, node) => {
  const [x, exponent] = node.inputs as [string, string];
  const constant = c.constant(exponent);
  const [power, ...others] = constant ? toNumbers(constant) : [];
  const work = c.work(node, others.length === 0 && (power === 2 || power === 3) ? [x] : [x, exponent]);
  const [from] = work.inputs as [number];
  if (work.inputs.length > 1) {
    c.writer.operator('POW', work.inputs, work.output, powOptions);
    return;
  }
  const square = power === 2 ? work.output : c.between(work, `${node.outputs[0]}/square`, c.writer.shapeOf(from));
  c.writer.operator('MUL', [from, from], square, mul);
  if (power === 3) c.writer.operator('MUL', [square, from], work.output, mul);
};

const reciprocal: Rule = (c, node) => {
  const work = c.work(node, [node.inputs[0]!]);
  const one = c.floats(`${node.outputs[0]}/one`, { shape: [], data: Float32Array.of(1) });
  c.writer.operator('DIV', [one, work.inputs[0]!], work.output, div);
};

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  Abs: unary('ABS'),
  Add: binary('ADD', 'codes', add),
  Clip: clip,
  Div: binary('DIV', 'floats', div),
  Elu: exponential((node) => ({ slope: 1, scale: readFloat(node, 'alpha', 1) })),
  Exp: unary('EXP'),
  Gelu: unary('GELU', () => gelu),
  HardSigmoid: hardSigmoid,
  HardSwish: unary('HARD_SWISH'),
  Identity: (c, node) => c.same(node, c.layout(node.inputs[0]!)),
  LeakyRelu: unary('LEAKY_RELU', (node) => leakyRelu(readFloat(node, 'alpha', 0.01))),
  Log: unary('LOG'),
  Max: binary('MAXIMUM', 'floats'),
  Min: binary('MINIMUM', 'floats'),
  Mul: binary('MUL', 'codes', mul),
  Neg: unary('NEG'),
  PRelu: binary('PRELU', 'floats'),
  Pow: pow,
  Reciprocal: reciprocal,
  Relu: relu,
  Selu: exponential(seluOf),
  Sigmoid: unary('LOGISTIC'),
  Softplus: softplus,
  Sqrt: unary('SQRT'),
  Sub: binary('SUB', 'floats', sub),
  Tanh: unary('TANH'),
};
