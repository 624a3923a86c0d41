import { dtypeCodes, elementCount, show } from '../graph.ts';
import type { GradContext, InferContext, OpEntry } from '../op.ts';
import { readInt, requireInts } from './support/attributes.ts';
import { gradOf } from './support/gradients.ts';
import { axisOf, inputType, misfit, sameCount } from './support/shapes.ts';

/** Conversions between floats and integers with a scale and a zero point, and what stands for them in training. */

/** A scale is one number, or one per entry of `axis`. */
function checkScale(context: InferContext): void {
  const { node } = context;
  const x = inputType(context, 0).shape;
  const scale = inputType(context, 1).shape;
  const zero = context.inputs[2]?.shape ?? scale;
  if (zero.join() !== scale.join()) throw misfit(node, `scale ${show(scale)} and zero point ${show(zero)} differ in shape`);
  if (scale.length === 0 || (scale.length === 1 && scale[0] === 1)) return;
  const axis = axisOf(node, readInt(node, 'axis', 1), x.length);
  if (scale.length !== 1 || scale[0] !== x[axis]) throw misfit(node, `scale ${show(scale)} for axis ${axis} of ${show(x)}`);
}

const quantizeLinear: OpEntry = {
  op: 'QuantizeLinear',
  domain: '',
  infer: (context) => {
    checkScale(context);
    return [{ dtype: context.inputs[2]?.dtype ?? 'uint8', shape: inputType(context, 0).shape }];
  },
  grad: 'forbidden',
};

const dequantizeLinear: OpEntry = {
  op: 'DequantizeLinear',
  domain: '',
  infer: (context) => {
    checkScale(context);
    return [{ dtype: inputType(context, 1).dtype, shape: inputType(context, 0).shape }];
  },
  grad: 'forbidden',
};

/** float32 → uint8 with a range measured on the value itself. */
const dynamicQuantizeLinear: OpEntry = {
  op: 'DynamicQuantizeLinear',
  domain: '',
  infer: (context) => [
    { dtype: 'uint8', shape: inputType(context, 0).shape },
    { dtype: 'float32', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
  grad: 'forbidden',
};

/**
 * Constant numbers of `bits` bits each as the type `to` in another `shape`. It stands for whatever way the file holds them in,
 * until that is chosen. `layer` has them for weights, `axis` counts its inputs; so many as `count` says are not 0.
 */
const stored: OpEntry = {
  op: 'Stored',
  domain: 'espalier',
  infer: (context) => {
    const { node } = context;
    const shape = requireInts(node, 'shape');
    sameCount(node, inputType(context, 0).shape, shape);
    return [{ dtype: readInt(node, 'to', dtypeCodes.int8) === dtypeCodes.int8 ? 'int8' : 'float32', shape }];
  },
  grad: 'forbidden',
};

/** Quantization as training sees it: scale [] or one per position of `axis`; integers from `low` to `high`. */
const inferFakeQuant: OpEntry['infer'] = (context) => {
  checkScale(context);
  return [inputType(context, 0)];
};

/**
 * y = scale · clip(round(x / scale), low, high), in floats. Its gradient by x is that of the identity where x lies in the
 * range, 0 outside ("straight-through": Bengio et al. 2013, Estimating or Propagating Gradients Through Stochastic
 * Neurons). `low` 0 is for values that are never negative.
 */
const fakeQuant: OpEntry = {
  op: 'FakeQuant',
  domain: 'espalier',
  infer: inferFakeQuant,
  stops: [1],
  grad: (context) => fakeQuantGrads(context).slice(0, 1),
  params: [0],
  perSample: true,
};

/**
 * The same, and the scale is trained too (Esser et al. 2020, Learned Step Size Quantization): its gradient is that of
 * y with the rounding taken as the identity, times 1 / √(count · high), count the numbers of one sample that share it.
 */
const learnedFakeQuant: OpEntry = {
  op: 'LearnedFakeQuant',
  domain: 'espalier',
  infer: inferFakeQuant,
  grad: (context) => {
    const { b, node, inputs } = context;
    const [dx, dScale] = fakeQuantGrads(context) as [string, string];
    const [shape, scales] = [b.shape(inputs[0]!), b.shape(inputs[1]!)];
    const count = elementCount(scales.length === 0 ? shape.slice(1) : shape) / elementCount(scales);
    return [dx, b.op('Mul', [dScale, b.scalar(1 / Math.sqrt(count * readInt(node, 'high', 1)))])];
  },
  params: [0, 1],
  perSample: true,
};

const fakeQuantGrads = (context: GradContext): string[] => {
  const { b, node, inputs, outputs } = context;
  const [x, scale] = inputs as [string, string];
  return b.multi('FakeQuantGrad', [gradOf(context), x, outputs[0]!, scale], 2, node.attributes, { domain: 'espalier' });
};

/** (dy, x, y, scale) → (dx, dScale): Σ dy · (clip(round(x / scale)) − x / scale where x lies in the range). */
const fakeQuantGrad: OpEntry = {
  op: 'FakeQuantGrad',
  domain: 'espalier',
  infer: (context) => [inputType(context, 1), inputType(context, 3)],
  grad: 'forbidden',
};

export const quantizationOps: readonly OpEntry[] = [
  quantizeLinear,
  dequantizeLinear,
  dynamicQuantizeLinear,
  stored,
  fakeQuant,
  learnedFakeQuant,
  fakeQuantGrad,
];
