import { elementCount, show } from '../graph.ts';
import type { GradContext, InferContext, OpEntry } from '../op.ts';
import { requireInts } from './support/attributes.ts';
import { expand, gradOf, noGradient } from './support/gradients.ts';
import { expectShape, inputType, misfit } from './support/shapes.ts';
import { countedPads, type Window, windowOf } from './support/window.ts';

/** Pooling over [N, C, …spatial]. */

/** Shape of the output of a pooling node. */
export function pooledShape(context: InferContext): readonly number[] {
  const { shape } = inputType(context, 0);
  return [...shape.slice(0, 2), ...windowOf(context.node, shape, requireInts(context.node, 'kernel_shape')).output];
}

/**
 * The window with its end pads as far as the last place that it reads, so that no rounding mode is needed to find
 * the output's size again.
 */
function gradWindow({ b, node, inputs }: GradContext): Pick<Window, 'strides' | 'pads' | 'kernel'> & { readonly own: Window } {
  const shape = b.shape(inputs[0]!);
  const own = windowOf(node, shape, requireInts(node, 'kernel_shape'));
  const { kernel, strides, pads, dilations, output } = own;
  if (dilations.some((dilation) => dilation !== 1)) throw noGradient(node, 'pooling with dilations has no gradient here');
  const begin = pads.slice(0, kernel.length);
  const reach = (i: number) => (output[i]! - 1) * strides[i]! + kernel[i]! - shape[i + 2]! - begin[i]!;
  return { own, kernel, strides, pads: [...begin, ...begin.map((_, i) => Math.max(pads[i + kernel.length]!, reach(i)))] };
}

const maxPool: OpEntry = {
  op: 'MaxPool',
  domain: '',
  infer: (context) => {
    const shape = pooledShape(context);
    return [
      { dtype: inputType(context, 0).dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  grad: (context) => {
    const { strides, pads, kernel } = gradWindow(context);
    const operands = [gradOf(context), context.inputs[0]!, context.outputs[0]!];
    return [context.b.op('MaxPoolGrad', operands, { kernel_shape: kernel, strides, pads }, { domain: 'espalier' })];
  },
};

const averagePool: OpEntry = {
  op: 'AveragePool',
  domain: '',
  infer: (context) => [{ dtype: inputType(context, 0).dtype, shape: pooledShape(context) }],
  grad: (context) => {
    const { b, node, inputs } = context;
    const { own, strides, pads, kernel } = gradWindow(context);
    const counted = countedPads(node, own);
    const attributes = { kernel_shape: kernel, strides, pads, input_shape: b.shape(inputs[0]!), counted_pads: counted };
    return [b.op('AveragePoolGrad', [gradOf(context)], attributes, { domain: 'espalier' })];
  },
};

const globalAveragePool: OpEntry = {
  op: 'GlobalAveragePool',
  domain: '',
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    if (shape.length < 3) throw misfit(context.node, `input of shape ${show(shape)} has no spatial dimensions`);
    return [{ dtype, shape: [...shape.slice(0, 2), ...shape.slice(2).map(() => 1)] }];
  },
  grad: (context) => {
    const { b, inputs } = context;
    const shape = b.shape(inputs[0]!);
    return [expand(b, b.op('Mul', [gradOf(context), b.scalar(1 / elementCount(shape.slice(2)))]), shape)];
  },
};

/** (dy, x, y; kernel_shape, strides, pads) → dx. Which of several equal maxima of a window gets dy is not specified. */
const maxPoolGrad: OpEntry = {
  op: 'MaxPoolGrad',
  domain: 'espalier',
  infer: (context) => {
    const x = inputType(context, 1);
    expectShape(context, 0, inputType(context, 2).shape);
    return [x];
  },
  grad: 'forbidden',
};

/** (dy; kernel_shape, strides, pads, input_shape, counted_pads: as far as an average counts what lies outside) → dx. */
const averagePoolGrad: OpEntry = {
  op: 'AveragePoolGrad',
  domain: 'espalier',
  infer: (context) => [{ dtype: inputType(context, 0).dtype, shape: requireInts(context.node, 'input_shape') }],
  grad: 'forbidden',
};

export const poolingOps: readonly OpEntry[] = [maxPool, averagePool, globalAveragePool, maxPoolGrad, averagePoolGrad];
