import { dtypeCodes } from '../../../ir/graph.ts';
import { readFloat, readInt } from '../../../ir/ops/support/attributes.ts';
import { axisOf } from '../../../ir/ops/support/shapes.ts';
import { seluOf } from '../../../ir/ops/unary.ts';
import { broadcastStrides, coordinate, float, strided } from '../wgsl.ts';
import type { Pointwise, RuleContext, Rules } from './rule.ts';

/** Arithmetic on the numbers at one place. */

const unary = (expression: (x: string, context: RuleContext) => string): Pointwise => ({
  kind: 'point',
  reads: [0],
  body: (context) => `let x = ${context.at(0, 'i')}; return ${expression('x', context)};`,
});

/** Input `input` at the place that broadcasts to place `i` of the output. */
const broadcastAt = (context: RuleContext, input: number): string => {
  const shape = context.outputs[context.output]!;
  return context.at(input, strided('i', shape, broadcastStrides(context.inputs[input]!, shape)));
};

/** Any number of inputs, two at a time. */
const nary = (combine: (a: string, b: string) => string): Pointwise => ({
  kind: 'point',
  body: (context) => {
    const names = context.inputs.map((_, input) => `x${input}`);
    const lets = names.map((name, input) => `let ${name} = ${broadcastAt(context, input)};`);
    return `${lets.join(' ')} return ${names.reduce(combine)};`;
  },
});

const indicator = (condition: string): string => `select(0f, 1f, ${condition})`;

/** max and min may drop what is not a number; a comparison that fails keeps it. */
const relu = unary((x) => `select(${x}, 0f, ${x} <= 0f)`);

const hardSigmoid = (x: string, alpha: number, beta: number): string => `clamp(${x} * ${float(alpha)} + ${float(beta)}, 0f, 1f)`;

const exponential = (x: string, { slope, scale }: ReturnType<typeof seluOf>): string =>
  `select(${x} * ${float(slope)}, (exp(${x}) - 1f) * ${float(scale)}, ${x} < 0f)`;

const clip: Pointwise = {
  kind: 'point',
  body: ({ at, node }) => {
    const raised = node.inputs[1] ? `max(x, ${at(1, '0u')})` : 'x';
    const lowered = node.inputs[2] ? `min(${raised}, ${at(2, '0u')})` : raised;
    return `let x = ${at(0, 'i')}; return select(${lowered}, x, x != x);`;
  },
};

/** Numbers are floats here, whatever they stand for. */
const cast: Pointwise = {
  kind: 'point',
  body: ({ at, node }) => {
    const x = at(0, 'i');
    const to = readInt(node, 'to', dtypeCodes.float32);
    if (to === dtypeCodes.float32 || to === dtypeCodes.float64) return `return ${x};`;
    return `let x = ${x}; return ${to === dtypeCodes.bool ? indicator('x != 0f') : 'trunc(x)'};`;
  },
};

const where: Pointwise = {
  kind: 'point',
  body: (context) =>
    `if (${broadcastAt(context, 0)} != 0f) { return ${broadcastAt(context, 1)}; } return ${broadcastAt(context, 2)};`,
};

/** Below it a scale divides nothing, as in the other lowerings. */
export const leastScale = 1e-8;

/** The place of the scale that place `i` of a value is quantized with. */
export function scalePlace({ node, inputs }: Pick<RuleContext, 'node' | 'inputs'>, value: number, scale: number): string {
  const shape = inputs[value]!;
  if ((inputs[scale] ?? []).length === 0 || inputs[scale]![0] === 1) return '0u';
  const axis = axisOf(node, readInt(node, 'axis', 1), shape.length);
  return coordinate(shape, axis);
}

/** scale · clip(round(x / scale), low, high), halves to even. */
const fakeQuant: Pointwise = {
  kind: 'point',
  body: (context) => {
    const { at, node } = context;
    const [low, high] = [readInt(node, 'low', 0), readInt(node, 'high', 255)];
    const step = `let s = max(${at(1, scalePlace(context, 0, 1))}, ${float(leastScale)});`;
    return `let x = ${at(0, 'i')}; ${step} return clamp(round(x / s), ${float(low)}, ${float(high)}) * s;`;
  },
};

const reluGrad: Pointwise = { kind: 'point', body: ({ at }) => `return select(0f, ${at(0, 'i')}, ${at(1, 'i')} > 0f);` };

const identity: Pointwise = { kind: 'view', reads: [0], body: ({ at }) => `return ${at(0, 'i')};` };

export const elementwiseRules: Rules = {
  ':Identity': identity,
  ':Dropout': ({ output }) => (output === 0 ? identity : unary(() => '1f')),
  ':Relu': relu,
  ':Sigmoid': unary((x) => `1f / (1f + exp(-${x}))`),
  ':Tanh': unary((x) => `tanh(clamp(${x}, -20f, 20f))`),
  ':Erf': unary((x) => `erf(${x})`),
  ':Exp': unary((x) => `exp(${x})`),
  ':Log': unary((x) => `log(${x})`),
  ':Sqrt': unary((x) => `sqrt(${x})`),
  ':Reciprocal': unary((x) => `1f / ${x}`),
  ':Neg': unary((x) => `-${x}`),
  ':Abs': unary((x) => `abs(${x})`),
  ':HardSwish': unary((x) => `${x} * ${hardSigmoid(x, 1 / 6, 0.5)}`),
  ':HardSigmoid': unary((x, { node }) => hardSigmoid(x, readFloat(node, 'alpha', 0.2), readFloat(node, 'beta', 0.5))),
  ':LeakyRelu': unary((x, { node }) => `select(${x}, ${x} * ${float(readFloat(node, 'alpha', 0.01))}, ${x} < 0f)`),
  ':Elu': unary((x, { node }) => exponential(x, { slope: 1, scale: readFloat(node, 'alpha', 1) })),
  ':Selu': unary((x, { node }) => exponential(x, seluOf(node))),
  ':Softplus': unary((x) => `max(${x}, 0f) + log(1f + exp(-abs(${x})))`),
  ':PRelu': nary((x, slope) => `select(${x}, ${x} * ${slope}, ${x} < 0f)`),
  ':Clip': clip,
  ':Cast': cast,
  ':Add': nary((a, b) => `(${a} + ${b})`),
  ':Sub': nary((a, b) => `(${a} - ${b})`),
  ':Mul': nary((a, b) => `(${a} * ${b})`),
  ':Div': nary((a, b) => `(${a} / ${b})`),
  ':Min': nary((a, b) => `min(${a}, ${b})`),
  ':Max': nary((a, b) => `max(${a}, ${b})`),
  ':Pow': nary((a, b) => `power(${a}, ${b})`),
  ':Equal': nary((a, b) => indicator(`${a} == ${b}`)),
  ':Greater': nary((a, b) => indicator(`${a} > ${b}`)),
  ':Where': where,
  'espalier:ReluGrad': reluGrad,
  'espalier:FakeQuant': fakeQuant,
  'espalier:LearnedFakeQuant': fakeQuant,
};
