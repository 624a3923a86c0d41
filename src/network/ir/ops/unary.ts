import type { Builder } from '../builder.ts';
import { type DType, dtypeCodes, float, type Node } from '../graph.ts';
import type { GradContext, OpEntry } from '../op.ts';
import { readFloat, readInt } from './support/attributes.ts';
import { gated, gradOf } from './support/gradients.ts';
import { constantInts, inputType, isFloat, likeInput, misfit } from './support/shapes.ts';

/** Elementwise ops of one value. */

type Unary = (b: Builder, dy: string, x: string, y: string, context: GradContext) => string;

const unary = (op: string, rule: Unary): OpEntry => ({
  op,
  domain: '',
  infer: likeInput,
  grad: (context) => [rule(context.b, gradOf(context), context.inputs[0]!, context.outputs[0]!, context)],
});

const mul = (b: Builder, x: string, y: string) => b.op('Mul', [x, y]);
const times = (b: Builder, x: string, factor: number) => (factor === 1 ? x : mul(b, x, b.scalar(factor)));
const oneMinus = (b: Builder, x: string) => b.op('Sub', [b.scalar(1), x]);

const relu = unary('Relu', (b, dy, _x, y) => gated(b, dy, y));
const identity = unary('Identity', (_b, dy) => dy);
const exp = unary('Exp', (b, dy, _x, y) => mul(b, dy, y));
const log = unary('Log', (b, dy, x) => b.op('Div', [dy, x]));
const sqrt = unary('Sqrt', (b, dy, _x, y) => b.op('Div', [mul(b, dy, b.scalar(0.5)), y]));
const reciprocal = unary('Reciprocal', (b, dy, _x, y) => b.op('Neg', [mul(b, dy, mul(b, y, y))]));
const neg = unary('Neg', (b, dy) => b.op('Neg', [dy]));
const abs = unary('Abs', (b, dy, x) => b.op('Sub', [gated(b, dy, x), gated(b, dy, b.op('Neg', [x]))]));
const sigmoid = unary('Sigmoid', (b, dy, _x, y) => mul(b, dy, mul(b, y, oneMinus(b, y))));
const tanh = unary('Tanh', (b, dy, _x, y) => mul(b, dy, oneMinus(b, mul(b, y, y))));

/** The slope is 2 / √π · exp(−x²). */
const erf = unary('Erf', (b, dy, x) =>
  mul(b, dy, mul(b, b.op('Exp', [b.op('Neg', [mul(b, x, x)])]), b.scalar(2 / Math.sqrt(Math.PI)))),
);

const leakyRelu = unary('LeakyRelu', (b, dy, x, _y, { node }) => {
  const alpha = readFloat(node, 'alpha', 0.01);
  return b.op('Add', [mul(b, dy, b.scalar(alpha)), mul(b, gated(b, dy, x), b.scalar(1 - alpha))]);
});

interface Exponential {
  /** Of what is above 0. */
  readonly slope: number;
  /** y = scale · (exp(x) − 1) below. */
  readonly scale: number;
}

/** Below 0 the slope is y + scale: no power is taken again. Scales are above 0, so y is below 0 where x is. */
const exponential = (op: string, settingsOf: (node: Node) => Exponential): OpEntry =>
  unary(op, (b, dy, x, y, { node }) => {
    const { slope, scale } = settingsOf(node);
    const below = b.op('Add', [times(b, dy, scale), mul(b, dy, b.op('Min', [y, b.scalar(0)]))]);
    return slope === scale ? below : b.op('Add', [below, times(b, gated(b, dy, x), slope - scale)]);
  });

const elu = exponential('Elu', (node) => ({ slope: 1, scale: readFloat(node, 'alpha', 1) }));

/** What Selu takes where nothing is given. */
export const seluOf = (node: Node): Exponential => {
  const slope = readFloat(node, 'gamma', 1.0507010221481323);
  return { slope, scale: slope * readFloat(node, 'alpha', 1.6732631921768188) };
};

const selu = exponential('Selu', seluOf);

/** y = log(1 + exp(x)) */
const softplus = unary('Softplus', (b, dy, x) => mul(b, dy, b.op('Sigmoid', [x])));

/** Where 0 < y < 1 the slope is alpha. */
const hardSigmoid = unary('HardSigmoid', (b, dy, _x, y, { node }) =>
  mul(b, gated(b, gated(b, dy, y), oneMinus(b, y)), b.scalar(readFloat(node, 'alpha', 0.2))),
);

/** y = x · h(x), h = HardSigmoid(1/6, 1/2). */
const hardSwish = unary('HardSwish', (b, dy, x) => {
  const h = b.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) });
  const slope = gated(b, gated(b, mul(b, dy, x), h), oneMinus(b, h));
  return b.op('Add', [mul(b, dy, h), mul(b, slope, b.scalar(1 / 6))]);
});

const clip: OpEntry = {
  op: 'Clip',
  domain: '',
  infer: likeInput,
  stops: [1, 2],
  grad: (context) => {
    const { b, inputs } = context;
    const [x, min, max] = inputs;
    let dx = gradOf(context);
    if (min) dx = gated(b, dx, b.op('Sub', [x!, min]));
    if (max) dx = gated(b, dx, b.op('Sub', [max, x!]));
    return [dx];
  },
};

const cast: OpEntry = {
  op: 'Cast',
  domain: '',
  infer: (context) => {
    const code = readInt(context.node, 'to', 0);
    const dtype = (Object.keys(dtypeCodes) as DType[]).find((name) => dtypeCodes[name] === code);
    if (!dtype) throw misfit(context.node, `cannot cast to the data type ${code}`);
    return [{ dtype, shape: inputType(context, 0).shape }];
  },
  grad: (context) => {
    const { b, inputs, outputs } = context;
    const from = b.type(inputs[0]!).dtype;
    if (!isFloat(from) || !isFloat(b.type(outputs[0]!).dtype)) return [];
    return [b.op('Cast', [gradOf(context)], { to: dtypeCodes[from] })];
  },
};

/** Dropout of an inference graph: the identity. Input 2, the training mode, must be left out or false. */
const dropout: OpEntry = {
  op: 'Dropout',
  domain: '',
  infer: (context) => {
    const type = inputType(context, 0);
    if (constantInts(context.node, context.constants, 2)?.[0]) {
      throw misfit(context.node, 'it is in training mode; export the model for inference');
    }
    return [type, { dtype: 'bool', shape: type.shape }];
  },
  stops: [1, 2],
  grad: (context) => [gradOf(context)],
};

/** dx of y = max(x, 0): `dy` where `y` > 0. Also the gate of every other op with a kink. */
const reluGrad: OpEntry = { op: 'ReluGrad', domain: 'espalier', infer: likeInput, grad: 'forbidden' };

export const unaryOps: readonly OpEntry[] = [
  relu,
  clip,
  leakyRelu,
  elu,
  selu,
  softplus,
  sigmoid,
  hardSigmoid,
  hardSwish,
  tanh,
  erf,
  exp,
  log,
  sqrt,
  reciprocal,
  neg,
  abs,
  identity,
  cast,
  dropout,
  reluGrad,
];
