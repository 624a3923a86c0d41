import type { Shape, TensorType } from '../graph.ts';
import { elementCount, show } from '../graph.ts';
import type { GradContext, InferContext, OpEntry } from '../op.ts';
import { readInt, readInts, readString, requireInts } from './support/attributes.ts';
import { gradOf } from './support/gradients.ts';
import { inputType, misfit, range } from './support/shapes.ts';
import { type Window, windowOf } from './support/window.ts';

/** Convolutions over [N, C, …spatial] with weights [K, C / group, …kernel]. */

/** Shape of the output of a convolution with inputs x and w. */
export const convShape = (context: InferContext): Shape => convWindow(context).shape;

function convWindow(context: InferContext): { window: Window; shape: Shape } {
  const { node } = context;
  const x = inputType(context, 0).shape;
  const w = inputType(context, 1).shape;
  const group = readInt(node, 'group', 1);
  if (x.length < 3 || w.length !== x.length) throw misfit(node, `input ${show(x)} and weights ${show(w)}`);
  if (x[1] !== w[1]! * group)
    throw misfit(node, `input ${show(x)} has ${x[1]} channels, weights ${show(w)} with group ${group} need ${w[1]! * group}`);
  if (w[0]! % group !== 0) throw misfit(node, `${w[0]} output channels cannot be split in ${group} groups`);
  const window = windowOf(node, x, w.slice(2));
  return { window, shape: [x[0]!, w[0]!, ...window.output] };
}

/** Output elements × what one of them sums up. */
const convMacs: NonNullable<OpEntry['macs']> = (inputs, outputs) =>
  elementCount(outputs[0]!.shape) * elementCount(inputs[1]!.shape.slice(1));

const conv: OpEntry = {
  op: 'Conv',
  domain: '',
  infer: (context) => {
    const { shape } = convWindow(context);
    const bias = context.inputs[2]?.shape;
    if (bias && (bias.length !== 1 || bias[0] !== shape[1]))
      throw misfit(context.node, `bias ${show(bias)} for ${shape[1]} channels`);
    return [{ dtype: inputType(context, 0).dtype, shape }];
  },
  grad: (context) => {
    const { b, inputs, wants } = context;
    const dy = gradOf(context);
    const [x, w] = [inputs[0]!, inputs[1]!];
    const attributes = windowAttributes(context);
    const own = { domain: 'espalier' };
    return [
      wants[0] ? b.op('ConvInputGrad', [dy, w], { ...attributes, input_shape: b.shape(x) }, own) : undefined,
      wants[1] ? b.op('ConvWeightGrad', [x, dy], { ...attributes, ...weightAttributes(b.shape(w)) }, own) : undefined,
      wants[2] ? b.op('ReduceSum', [dy, b.ints([0, ...range(2, b.shape(dy).length)])], { keepdims: 0 }) : undefined,
    ];
  },
  macs: convMacs,
  params: [1, 2],
};

/** Window of the node with every default and auto_pad resolved. */
function windowAttributes({ b, node, inputs }: GradContext) {
  const { strides, pads, dilations } = windowOf(node, b.shape(inputs[0]!), b.shape(inputs[1]!).slice(2));
  return { strides, pads, dilations, group: readInt(node, 'group', 1) };
}

const weightAttributes = (shape: Shape) => ({ kernel_shape: shape.slice(2), weight_shape: shape });

const withShape = (type: TensorType, shape: Shape): readonly TensorType[] => [{ dtype: type.dtype, shape }];

/** (dy, w; strides, pads, dilations, group, input_shape) → dx of Conv. */
const convInputGrad: OpEntry = {
  op: 'ConvInputGrad',
  domain: 'espalier',
  infer: (context) => {
    const shape = requireInts(context.node, 'input_shape');
    const weights = inputType(context, 1);
    checkConv(context, { dtype: weights.dtype, shape }, weights, inputType(context, 0).shape);
    return withShape(inputType(context, 0), shape);
  },
  grad: 'forbidden',
};

/** (x, dy; strides, pads, dilations, group, kernel_shape, weight_shape) → dw of Conv. */
const convWeightGrad: OpEntry = {
  op: 'ConvWeightGrad',
  domain: 'espalier',
  infer: (context) => {
    const x = inputType(context, 0);
    const shape = requireInts(context.node, 'weight_shape');
    checkConv(context, x, { dtype: x.dtype, shape }, inputType(context, 1).shape);
    return withShape(x, shape);
  },
  grad: 'forbidden',
};

function checkConv(context: InferContext, x: TensorType, w: TensorType, dy: Shape): void {
  const { shape } = convWindow({ node: context.node, inputs: [x, w], constants: [] });
  if (shape.join() !== dy.join()) throw misfit(context.node, `dy has shape ${show(dy)}, the convolution gives ${show(shape)}`);
}

/** (x [N,C,H,W], w [C,K/g,kh,kw]) → the x that Conv takes to this one; sizes by explicit pads and output_padding only. */
const convTranspose: OpEntry = {
  op: 'ConvTranspose',
  domain: '',
  infer: (context) => {
    const { node } = context;
    const { dtype, shape } = inputType(context, 0);
    const w = inputType(context, 1).shape;
    if (shape.length < 3 || w.length !== shape.length || shape[1] !== w[0])
      throw misfit(node, `input ${show(shape)} and weights ${show(w)}`);
    if (readInts(node, 'output_shape') || readString(node, 'auto_pad', 'NOTSET') !== 'NOTSET')
      throw misfit(node, 'output_shape and auto_pad are not supported; write pads and output_padding');
    const spatial = shape.slice(2);
    const read = (name: string, fallback: number) => readInts(node, name) ?? spatial.map(() => fallback);
    const [strides, dilations, extra] = [read('strides', 1), read('dilations', 1), read('output_padding', 0)];
    const pads = readInts(node, 'pads') ?? [...spatial, ...spatial].map(() => 0);
    const sizes = spatial.map(
      (size, i) =>
        (size - 1) * strides[i]! + (w[i + 2]! - 1) * dilations[i]! + 1 + extra[i]! - pads[i]! - pads[i + spatial.length]!,
    );
    return [{ dtype, shape: [shape[0]!, w[1]! * readInt(node, 'group', 1), ...sizes] }];
  },
  grad: 'forbidden',
  macs: (inputs) => elementCount(inputs[0]!.shape) * elementCount(inputs[1]!.shape.slice(1)),
  params: [1, 2],
};

const convInteger: OpEntry = {
  op: 'ConvInteger',
  domain: '',
  infer: (context) => [{ dtype: 'int32', shape: convWindow(context).shape }],
  grad: 'forbidden',
  macs: convMacs,
  params: [1],
};

export const convolutionOps: readonly OpEntry[] = [conv, convInputGrad, convWeightGrad, convTranspose, convInteger];
