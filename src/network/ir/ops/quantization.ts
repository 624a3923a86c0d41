import { show } from '../graph.ts';
import type { InferContext, OpEntry } from '../op.ts';
import { readInt } from './support/attributes.ts';
import { axisOf, inputType, misfit } from './support/shapes.ts';

/** Conversions between floats and integers with a scale and a zero point. Training through them needs its own op. */

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

export const quantizationOps: readonly OpEntry[] = [quantizeLinear, dequantizeLinear, dynamicQuantizeLinear];
