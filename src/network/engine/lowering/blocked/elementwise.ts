import { elementCount, type Node, type Shape } from '../../../ir/graph.ts';
import { readFloat, readInt } from '../../../ir/ops/support/attributes.ts';
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
  ...of('stay', ['Relu', 'LeakyRelu', 'HardSwish', 'Tanh', 'Neg', 'Abs', 'Identity', 'Sqrt', 'Mul', 'Round', 'Floor', 'Ceil', 'Sign']),
  ...of('break', ['Log', 'Reciprocal']),
  ...of('change', ['Sigmoid', 'Exp']),
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
function constant({ b }: Layouts, value: string | undefined): readonly number[] {
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

/** x [N,C,H,W] times one number per sample and channel, [N,C,1,1] (a gate), or per channel, [C,1,1]. */
const broadcastProduct = ({ layouts, node }: Parameters<Rule>[0], shape: Shape): ReturnType<Rule> => {
  const x = node.inputs.find((input) => layouts.isBlocked(input) && sameShape(layouts.shape(input), shape));
  const factor = node.inputs.find((input) => input !== x);
  if (node.op !== 'Mul' || x === undefined || factor === undefined) return undefined;
  const [n, c] = shape as [number, number];
  const perSample = sameShape(layouts.shape(factor), [n, c, 1, 1]);
  if (!perSample && !sameShape(layouts.shape(factor).slice(-3), [c, 1, 1])) return undefined;
  if (!perSample && elementCount(layouts.shape(factor)) !== c) return undefined;
  return [{ conv: perSample ? gated(layouts, x, factor) : scaled(layouts, x, factor, c) }];
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

function scaled(layouts: Layouts, x: string, factor: string, channels: number): ConvCall {
  const { b } = layouts;
  const shape = layouts.paddedShape(x);
  const plain = reshape(b, layouts.plain(factor), [channels]);
  const missing = shape[1]! - channels;
  const whole = missing === 0 ? plain : b.op('Pad', [plain, b.ints([0, missing])]);
  const attributes = { kernel_shape: [1, 1], group: shape[1]! };
  return { x: layouts.blocked(x), weight: reshape(b, whole, [shape[1]!, 1, 1, 1]), attributes, shape };
}

/** Sums join a convolution that waits for its reader. */
export const add: Rule = (context) => {
  const { layouts, node } = context;
  const [left, right] = node.inputs as [string, string];
  const same = sameShape(layouts.shape(left), layouts.shape(right));
  for (const [value, other] of [
    [right, left],
    [left, right],
  ] as const) {
    const call = same && layouts.isImage(other) ? layouts.waiting(value) : undefined;
    if (call && !call.sum && !call.attributes['activation'] && sameShape(call.shape, layouts.paddedShape(value)))
      return [{ conv: joined(layouts, call, other) }];
  }
  return elementwise(context);
};

/** The sum has the shape of the convolution's own output, which may be a view of the value. */
function joined(layouts: Layouts, call: ConvCall, other: string): ConvCall {
  const { b } = layouts;
  const [n] = b.shape(call.x);
  const [batch, channels, ...plane] = call.shape as [number, number, number, number];
  const view = n === batch ? call.shape : [1, batch * channels, ...plane];
  return { ...call, sum: reshape(b, layouts.blocked(other), view) };
}

/** So do activations that onnxruntime's convolution knows and that keep zeros. */
export const relu: Rule = (context) => activated(context, { activation: 'Relu' }) ?? elementwise(context);

export const clip: Rule = (context) => {
  const { layouts, node } = context;
  const [low, high] = [1, 2].map((i) => constant(layouts, node.inputs[i]));
  const known = low?.length === 1 && high?.length === 1 && low[0]! <= 0 && high[0]! >= 0;
  const params = { kind: 'floats', value: [low?.[0] ?? 0, high?.[0] ?? 0] } as const;
  return (known ? activated(context, { activation: 'Clip', activation_params: params }) : undefined) ?? elementwise(context);
};

function activated({ layouts, node }: Parameters<Rule>[0], activation: ConvCall['attributes']): ReturnType<Rule> {
  const call = layouts.waiting(node.inputs[0]!);
  if (!call || call.attributes['activation']) return undefined;
  return [{ conv: { ...call, attributes: { ...call.attributes, ...activation } } }];
}

/** The reduction of a blocked value over its plane, or over everything but the channels. */
export const reduceSum: Rule = ({ b, layouts, node }) => {
  const [x, axesInput] = node.inputs as [string, string?];
  if (!layouts.isImage(x) || !layouts.isBlocked(x)) return undefined;
  const axes = constant(layouts, axesInput).map((axis) => (axis + 4) % 4);
  const key = [...axes].sort((a, c) => a - c).join();
  const [, c] = layouts.shape(x) as [number, number];
  if (key === '2,3') return planeSums(layouts, x, readInt(node, 'keepdims', 1) === 1);
  if (key !== '0,2,3') return undefined;
  const [n, channels, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const planes = b.op('ReduceSum', [reshape(b, layouts.blocked(x), [n, channels / layouts.block, h * w, layouts.block]), b.ints([2])], { keepdims: 0 });
  const sums = b.op('ReduceSum', [reshape(b, planes, [n, channels]), b.ints([0])], { keepdims: 0 });
  const cut = channels === c ? sums : b.op('Slice', [sums, b.ints([0]), b.ints([c]), b.ints([0])]);
  return [{ plain: reshape(b, cut, layouts.shape(node.outputs[0]!)) }];
};

/** [N,C,1,1], or [N,C]. */
function planeSums(layouts: Layouts, x: string, keepDims: boolean): ReturnType<Rule> {
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const rows = reshape(b, layouts.blocked(x), [(n * c) / block, h * w, block]);
  const sums = b.op('ReduceSum', [rows, b.ints([1])], { keepdims: 0 });
  if (keepDims) return [{ blocked: reshape(b, sums, [n, c, 1, 1]) }];
  const own = layouts.shape(x)[1]!;
  const matrix = reshape(b, sums, [n, c]);
  return [{ plain: own === c ? matrix : b.op('Slice', [matrix, b.ints([0]), b.ints([own]), b.ints([1])]) }];
}
