import { elementCount, type Node, type Shape } from '../../../ir/graph.ts';
import { readFloat } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { sameShape, toNumbers } from '../../../ir/ops/support/shapes.ts';
import { type ConvCall, type Layouts, nchwc } from './layouts.ts';
import type { Rule } from './rule.ts';

/**
 * What an op makes of the zeros behind the last channel: they `stay`; they become some number, which must be wiped out
 * (`change`); or one that a multiplication by zero does not wipe out (`break`: infinite, NaN).
 */
type Effect = 'stay' | 'change' | 'break';

/** Ops that treat every number for itself. */
const effects: Readonly<Record<string, (node: Node, layouts: Layouts) => Effect>> = {
  ...of('stay', [
    'Relu',
    'LeakyRelu',
    'HardSwish',
    'Elu',
    'Selu',
    'PRelu',
    'Tanh',
    'Erf',
    'Neg',
    'Abs',
    'Identity',
    'Sqrt',
    'Mul',
    'Round',
    'Floor',
    'Ceil',
    'Sign',
  ]),
  ...of('break', ['Log', 'Reciprocal']),
  ...of('change', ['Sigmoid', 'Exp', 'Softplus']),
  Dropout: (node) => (node.outputs[1] ? 'break' : 'stay'),
  Add: scalarsAreZero,
  Sub: scalarsAreZero,
  Max: scalarsAreZero,
  Min: scalarsAreZero,
  Where: (node, layouts) => scalarsAreZero({ ...node, inputs: node.inputs.slice(1) }, layouts),
  Equal: () => 'stay', // a truth, which has no zeros to keep
  Greater: () => 'stay',
  Div: ({ inputs }, layouts) => (isScalar(layouts, inputs[1]!) ? 'stay' : 'break'),
  Pow: ({ inputs }, layouts) => (constant(layouts, inputs[1]!).every((power) => power > 0) ? 'stay' : 'break'),
  Clip: ({ inputs: [, min, max] }, layouts) =>
    constant(layouts, min).every((low) => low <= 0) && constant(layouts, max).every((high) => high >= 0) ? 'stay' : 'change',
  HardSigmoid: (node) => (readFloat(node, 'beta', 0.5) === 0 ? 'stay' : 'change'),
  Cast: (node, layouts) => (layouts.isImage(node.inputs[0]!) ? 'stay' : 'change'),
};

function of(effect: Effect, ops: readonly string[]) {
  return Object.fromEntries(ops.map((op) => [op, () => effect]));
}

function scalarsAreZero({ inputs }: Pick<Node, 'inputs'>, layouts: Layouts): Effect {
  const scalars = inputs.filter((input) => isScalar(layouts, input));
  return scalars.every((input) => constant(layouts, input).every((value) => value === 0)) ? 'stay' : 'change';
}

const isScalar = (layouts: Layouts, value: string): boolean => value === '' || elementCount(layouts.shape(value)) === 1;

/** The numbers of a constant; one that is left out has none, of an unknown one nothing is true. */
export function constant({ b }: Layouts, value: string | undefined): readonly number[] {
  if (!value) return [];
  const tensor = b.initializers[value];
  return tensor ? toNumbers(tensor) : [Number.NaN];
}

export const elementwiseOps = Object.keys(effects);

/** An op on numbers one by one, its operands of one shape or scalars; at least one is blocked already. */
export const elementwise: Rule = (context) => {
  const { b, layouts, node } = context;
  const [output, ...others] = node.outputs as [string, ...string[]];
  const shape = layouts.shape(output);
  const images = node.inputs.filter((input) => !isScalar(layouts, input) || layouts.isBlocked(input));
  const fits = (input: string) => sameShape(layouts.shape(input), shape) && (layouts.isBlocked(input) || layouts.isImage(input));
  if (others.length > 0 || shape.length !== 4 || !images.some((input) => layouts.isBlocked(input))) return undefined;
  if (!images.every(fits)) return broadcastProduct(context, shape);
  const effect = layouts.isWhole(output) ? 'stay' : effects[node.op]!(node, layouts);
  if (effect === 'break') return undefined;
  const inputs = node.inputs.map((input) => (images.includes(input) ? layouts.blocked(input) : layouts.plain(input)));
  const made = b.multi(node.op, inputs, 1, node.attributes, { name: `${output}/blocked` })[0]!;
  return [{ blocked: effect === 'stay' ? made : wiped(layouts, made, shape[1]!) }];
};

/** Zeros behind the last channel. */
function wiped({ b }: Layouts, value: string, channels: number): string {
  const padded = b.shape(value)[1]!;
  const mask = b.floats(
    Array.from({ length: padded }, (_, channel) => Number(channel < channels)),
    [padded, 1, 1, 1],
  );
  return b.op('Conv', [value, mask], { kernel_shape: [1, 1], group: padded }, { domain: nchwc });
}

/** With a slope for each channel it is max(x, 0) + slope · (x − max(x, 0)). */
export const pRelu: Rule = (context) => {
  const { b, layouts, node } = context;
  const [x, slope] = node.inputs as [string, string];
  const shape = layouts.shape(x);
  const channels = shape[1]!;
  if (!isVectorOf(layouts, slope, channels) || shape.length !== 4 || !layouts.isBlocked(x)) return elementwise(context);
  const above = b.op('Relu', [layouts.blocked(x)]);
  const below = b.op('Sub', [layouts.blocked(x), above]);
  return [{ conv: { ...scaled(layouts, below, slope, channels), sum: above } }];
};

/** One number per channel: [C,1,1]. */
const isVectorOf = (layouts: Layouts, factor: string, channels: number): boolean =>
  sameShape(layouts.shape(factor).slice(-3), [channels, 1, 1]) && elementCount(layouts.shape(factor)) === channels;

/** x [N,C,H,W] times one number per sample and channel, [N,C,1,1] (a gate), or per channel, [C,1,1]. */
const broadcastProduct = ({ layouts, node }: Parameters<Rule>[0], shape: Shape): ReturnType<Rule> => {
  const x = node.inputs.find((input) => layouts.isBlocked(input) && sameShape(layouts.shape(input), shape));
  const factor = node.inputs.find((input) => input !== x);
  if (node.op !== 'Mul' || x === undefined || factor === undefined) return undefined;
  const [n, c] = shape as [number, number];
  const perSample = sameShape(layouts.shape(factor), [n, c, 1, 1]);
  if (!perSample && !isVectorOf(layouts, factor, c)) return undefined;
  return [{ conv: perSample ? gated(layouts, x, factor) : scaled(layouts, layouts.blocked(x), factor, c) }];
};

function gated(layouts: Layouts, x: string, gate: string): ConvCall {
  const { b } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  return {
    x: reshape(b, layouts.blocked(x), [1, n * c, h, w]),
    weight: reshape(b, layouts.blocked(gate), [n * c, 1, 1, 1]),
    attributes: { kernel_shape: [1, 1], group: n * c },
    shape: [n, c, h, w],
  };
}

/** `x`: blocked. */
function scaled(layouts: Layouts, x: string, factor: string, channels: number): ConvCall {
  const { b } = layouts;
  const shape = b.shape(x);
  const plain = reshape(b, layouts.plain(factor), [channels]);
  const missing = shape[1]! - channels;
  const whole = missing === 0 ? plain : b.op('Pad', [plain, b.ints([0, missing])]);
  const attributes = { kernel_shape: [1, 1], group: shape[1]! };
  return { x, weight: reshape(b, whole, [shape[1]!, 1, 1, 1]), attributes, shape };
}
