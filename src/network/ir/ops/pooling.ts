import { elementCount, show } from '../graph.ts';
import type { GradContext, InferContext, OpEntry } from '../op.ts';
import { readInt, requireInts } from './support/attributes.ts';
import { expand, gradOf, noGradient } from './support/gradients.ts';
import { expectShape, inputType, misfit } from './support/shapes.ts';
import { type Window, windowOf } from './support/window.ts';

/** Pooling over [N, C, …spatial]. */

function pooled(context: InferContext): readonly number[] {
  const { shape } = inputType(context, 0);
  return [...shape.slice(0, 2), ...windowOf(context.node, shape, requireInts(context.node, 'kernel_shape')).output];
}

function windowAttributes({ b, node, inputs }: GradContext): Pick<Window, 'strides' | 'pads' | 'kernel'> {
  const window = windowOf(node, b.shape(inputs[0]!), requireInts(node, 'kernel_shape'));
  if (window.dilations.some((dilation) => dilation !== 1)) throw noGradient(node, 'pooling with dilations has no gradient here');
  return window;
}

const maxPool: OpEntry = {
  op: 'MaxPool',
  domain: '',
  infer: (context) => {
    const shape = pooled(context);
    return [
      { dtype: inputType(context, 0).dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  grad: (context) => {
    const { strides, pads, kernel } = windowAttributes(context);
    const operands = [gradOf(context), context.inputs[0]!, context.outputs[0]!];
    return [context.b.op('MaxPoolGrad', operands, { kernel_shape: kernel, strides, pads }, { domain: 'espalier' })];
  },
};

const averagePool: OpEntry = {
  op: 'AveragePool',
  domain: '',
  infer: (context) => [{ dtype: inputType(context, 0).dtype, shape: pooled(context) }],
  grad: (context) => {
    const { b, node, inputs } = context;
    const { strides, pads, kernel } = windowAttributes(context);
    const attributes = {
      kernel_shape: kernel,
      strides,
      pads,
      input_shape: b.shape(inputs[0]!),
      count_include_pad: readInt(node, 'count_include_pad', 0),
    };
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

/** (dy; kernel_shape, strides, pads, input_shape, count_include_pad) → dx. */
const averagePoolGrad: OpEntry = {
  op: 'AveragePoolGrad',
  domain: 'espalier',
  infer: (context) => [{ dtype: inputType(context, 0).dtype, shape: requireInts(context.node, 'input_shape') }],
  grad: 'forbidden',
};

export const poolingOps: readonly OpEntry[] = [maxPool, averagePool, globalAveragePool, maxPoolGrad, averagePoolGrad];
