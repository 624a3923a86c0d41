import { show } from '../graph.ts';
import type { GradContext, GradRule, OpEntry } from '../op.ts';
import { constantsOf, gated, gradOf, noGradient, reduceTo } from './support/gradients.ts';
import { broadcast, broadcastInputs, inputType, misfit, sameShape, toNumbers } from './support/shapes.ts';

/** Elementwise ops of several values, with broadcasting. */

const elementwise = (op: string, grad: GradRule): OpEntry => ({
  op,
  domain: '',
  infer: (context) => [broadcastInputs(context)],
  grad,
});

const comparison = (op: string): OpEntry => ({
  op,
  domain: '',
  infer: (context) => [{ dtype: 'bool', shape: broadcastInputs(context).shape }],
  grad: 'none',
});

/** Emits `make()` for input i where its gradient is wanted, summed back to the input's shape. */
const toInput = ({ b, inputs, wants }: GradContext, i: number, make: () => string): string | undefined =>
  wants[i] ? reduceTo(b, make(), b.shape(inputs[i]!)) : undefined;

const add = elementwise('Add', (context) => [0, 1].map((i) => toInput(context, i, () => gradOf(context))));

const sub = elementwise('Sub', (context) => [
  toInput(context, 0, () => gradOf(context)),
  toInput(context, 1, () => context.b.op('Neg', [gradOf(context)])),
]);

const mul = elementwise('Mul', (context) =>
  [1, 0].map((other, i) => toInput(context, i, () => context.b.op('Mul', [gradOf(context), context.inputs[other]!]))),
);

const div = elementwise('Div', (context) => {
  const { b, inputs, outputs } = context;
  const quotient = b.op('Div', [gradOf(context), inputs[1]!]);
  return [toInput(context, 0, () => quotient), toInput(context, 1, () => b.op('Neg', [b.op('Mul', [quotient, outputs[0]!])]))];
});

/** Every input that equals the extreme gets the gradient: inputs that tie all do. */
const extreme: GradRule = (context) => {
  const { b, inputs, outputs } = context;
  const pass = (input: string) => b.op('Where', [b.op('Equal', [input, outputs[0]!]), gradOf(context), b.scalar(0)]);
  return inputs.map((input, i) => toInput(context, i, () => pass(input)));
};

const pow: OpEntry = {
  op: 'Pow',
  domain: '',
  infer: (context) => {
    const base = inputType(context, 0);
    const shape = broadcast([base.shape, inputType(context, 1).shape]);
    if (!shape)
      throw misfit(context.node, `shapes ${show(base.shape)} and ${show(inputType(context, 1).shape)} cannot be broadcast`);
    return [{ dtype: base.dtype, shape }];
  },
  stops: [1],
  grad: (context) => {
    const { b, node, inputs } = context;
    const exponent = constantsOf(b, node)[1];
    if (!exponent) throw noGradient(node, 'the exponent must be a constant');
    const powers = toNumbers(exponent);
    const lower = b.op('Pow', [
      inputs[0]!,
      b.floats(
        powers.map((p) => p - 1),
        exponent.shape,
      ),
    ]);
    const slope = b.op('Mul', [b.floats(powers, exponent.shape), lower]);
    return [toInput(context, 0, () => b.op('Mul', [gradOf(context), slope]))];
  },
};

const where: OpEntry = {
  op: 'Where',
  domain: '',
  infer: (context) => {
    const { dtype, shape: values } = broadcastInputs(context, 1);
    const condition = inputType(context, 0);
    if (condition.dtype !== 'bool') throw misfit(context.node, `the condition is ${condition.dtype}, expected bool`);
    const shape = broadcast([condition.shape, values]);
    if (!shape) throw misfit(context.node, `condition ${show(condition.shape)} and values ${show(values)} cannot be broadcast`);
    return [{ dtype, shape }];
  },
  stops: [0],
  grad: (context) => {
    const { b, inputs } = context;
    const zero = b.scalar(0);
    return [
      undefined,
      toInput(context, 1, () => b.op('Where', [inputs[0]!, gradOf(context), zero])),
      toInput(context, 2, () => b.op('Where', [inputs[0]!, zero, gradOf(context)])),
    ];
  },
};

/** x where it is above 0, x · slope below: the slope, trained, is broadcast to x. */
const pRelu: OpEntry = {
  op: 'PRelu',
  domain: '',
  infer: (context) => {
    const x = inputType(context, 0);
    const result = broadcastInputs(context);
    if (!sameShape(result.shape, x.shape))
      throw misfit(context.node, `slopes ${show(inputType(context, 1).shape)} for values ${show(x.shape)}`);
    return [x];
  },
  grad: (context) => {
    const { b, inputs } = context;
    const [x, slope] = inputs as [string, string];
    const above = gated(b, gradOf(context), x);
    const below = b.op('Sub', [gradOf(context), above]);
    return [
      toInput(context, 0, () => b.op('Add', [above, b.op('Mul', [below, slope])])),
      toInput(context, 1, () => b.op('Mul', [below, x])),
    ];
  },
  params: [1],
};

/** Moves the bits of unsigned integers to the `direction` LEFT or RIGHT; what falls off is gone. */
const bitShift: OpEntry = {
  op: 'BitShift',
  domain: '',
  infer: (context) => [broadcastInputs(context)],
  grad: 'none',
};

export const binaryOps: readonly OpEntry[] = [
  add,
  sub,
  mul,
  div,
  pow,
  elementwise('Min', extreme),
  elementwise('Max', extreme),
  comparison('Equal'),
  comparison('Greater'),
  bitShift,
  where,
  pRelu,
];
