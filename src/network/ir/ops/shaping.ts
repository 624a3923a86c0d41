import type { Shape } from '../graph.ts';
import { elementCount, show } from '../graph.ts';
import type { GradRule, InferContext, OpEntry } from '../op.ts';
import { readInt, readInts, readTensor } from './support/attributes.ts';
import { gradOf, reduceTo, reshape } from './support/gradients.ts';
import {
  axesOf,
  axisOf,
  broadcast,
  constantInts,
  inputType,
  misfit,
  range,
  requireConstantInts,
  sameCount,
} from './support/shapes.ts';

/** Ops that change the shape and keep the values. */

const backToInputShape: GradRule = (context) => [reshape(context.b, gradOf(context), context.b.shape(context.inputs[0]!))];

/** An op that only gives its input another shape. */
const reshaping = (op: string, shapeOf: (context: InferContext, shape: Shape) => Shape): OpEntry => ({
  op,
  domain: '',
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    const result = shapeOf(context, shape);
    sameCount(context.node, shape, result);
    return [{ dtype, shape: result }];
  },
  stops: [1],
  grad: backToInputShape,
});

const reshapeOp: OpEntry = { ...reshaping('Reshape', reshapedTo), shapeInput: { index: 1, keep: 0 } };

/** 0 copies the input's size, -1 takes what is left. */
function reshapedTo({ node, constants }: InferContext, shape: Shape): Shape {
  const wanted = requireConstantInts(node, constants, 1);
  const copied = readInt(node, 'allowzero', 0) ? wanted : wanted.map((size, i) => (size === 0 ? (shape[i] ?? 0) : size));
  const rest = elementCount(shape) / elementCount(copied.filter((size) => size !== -1));
  const open = copied.filter((size) => size === -1).length;
  if (open > 1 || (open === 1 && !Number.isInteger(rest)))
    throw misfit(node, `cannot turn shape ${show(shape)} into ${show(wanted)}`);
  return copied.map((size) => (size === -1 ? rest : size));
}

const flatten = reshaping('Flatten', ({ node }, shape) => {
  const axis = readInt(node, 'axis', 1);
  const split = axis === shape.length ? axis : axisOf(node, axis, shape.length);
  return [elementCount(shape.slice(0, split)), elementCount(shape.slice(split))];
});

const squeeze = reshaping('Squeeze', ({ node, constants }, shape) => {
  const given = constantInts(node, constants, 1);
  const axes = given ? axesOf(node, given, shape.length) : range(0, shape.length).filter((i) => shape[i] === 1);
  return shape.filter((_, i) => !axes.includes(i));
});

const unsqueeze = reshaping('Unsqueeze', ({ node, constants }, shape) => {
  const given = requireConstantInts(node, constants, 1);
  const result = [...shape];
  for (const axis of axesOf(node, given, shape.length + given.length)) result.splice(axis, 0, 1);
  return result;
});

const expand: OpEntry = {
  op: 'Expand',
  domain: '',
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    const wanted = requireConstantInts(context.node, context.constants, 1);
    const result = broadcast([shape, wanted]);
    if (!result) throw misfit(context.node, `cannot expand ${show(shape)} to ${show(wanted)}`);
    return [{ dtype, shape: result }];
  },
  shapeInput: { index: 1, keep: 1 },
  stops: [1],
  grad: (context) => [reduceTo(context.b, gradOf(context), context.b.shape(context.inputs[0]!))],
};

const transpose: OpEntry = {
  op: 'Transpose',
  domain: '',
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    const perm = permutation(readInts(context.node, 'perm'), shape);
    if (perm.length !== shape.length || new Set(axesOf(context.node, perm, shape.length)).size !== perm.length) {
      throw misfit(context.node, `perm ${show(perm)} for an input of shape ${show(shape)}`);
    }
    return [{ dtype, shape: perm.map((axis) => shape[axis]!) }];
  },
  grad: (context) => {
    const { b, node, inputs } = context;
    const perm = permutation(readInts(node, 'perm'), b.shape(inputs[0]!));
    return [b.op('Transpose', [gradOf(context)], { perm: perm.map((_, axis) => perm.indexOf(axis)) })];
  },
};

/** Without `perm` the axes are reversed. */
const permutation = (perm: readonly number[] | undefined, shape: Shape): readonly number[] =>
  perm ?? range(0, shape.length).toReversed();

const constant: OpEntry = {
  op: 'Constant',
  domain: '',
  infer: ({ node }) => {
    const tensor = readTensor(node, 'value');
    if (!tensor) throw misfit(node, 'only constants with a tensor "value" are supported');
    return [{ dtype: tensor.dtype, shape: tensor.shape }];
  },
  grad: 'none',
};

/** Inference only. */
const resize: OpEntry = {
  op: 'Resize',
  domain: '',
  infer: (context) => {
    const { node, constants } = context;
    const { dtype, shape } = inputType(context, 0);
    const sizes = constantInts(node, constants, 3);
    const scales = sizes ? undefined : requireConstantInts(node, constants, 2);
    const result = sizes ?? shape.map((size, i) => Math.floor(size * (scales?.[i] ?? 1)));
    if (result.length !== shape.length) throw misfit(node, `cannot resize ${show(shape)} to ${show(result)}`);
    return [{ dtype, shape: result }];
  },
  grad: 'forbidden',
};

export const shapingOps: readonly OpEntry[] = [reshapeOp, flatten, squeeze, unsqueeze, expand, transpose, constant, resize];
