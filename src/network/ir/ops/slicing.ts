import type { Builder } from '../builder.ts';
import type { Node, Shape, Tensor } from '../graph.ts';
import { dtypeCodes, elementCount, show } from '../graph.ts';
import type { OpEntry } from '../op.ts';
import { readInt, readString } from './support/attributes.ts';
import { constantsOf, gradOf, noGradient, reshape, zeros } from './support/gradients.ts';
import { axisOf, constantInts, inputType, misfit, range, requireConstantInts } from './support/shapes.ts';

/** Ops that join, cut and pick. */

const concat: OpEntry = {
  op: 'Concat',
  domain: '',
  infer: (context) => {
    const { node } = context;
    const first = inputType(context, 0);
    const axis = axisOf(node, readInt(node, 'axis', 0), first.shape.length);
    const shapes = context.inputs.map((_, i) => inputType(context, i).shape);
    const fits = (shape: Shape) =>
      shape.length === first.shape.length && shape.every((size, i) => i === axis || size === first.shape[i]);
    if (!shapes.every(fits)) throw misfit(node, `cannot join ${shapes.map((shape) => show(shape)).join(', ')} on axis ${axis}`);
    const total = shapes.reduce((sum, shape) => sum + shape[axis]!, 0);
    return [{ dtype: first.dtype, shape: first.shape.map((size, i) => (i === axis ? total : size)) }];
  },
  grad: (context) => {
    const { b, node, inputs } = context;
    const axis = axisOf(node, readInt(node, 'axis', 0), b.shape(inputs[0]!).length);
    if (inputs.length === 1) return [gradOf(context)];
    return b.multi('Split', [gradOf(context), b.ints(inputs.map((input) => b.shape(input)[axis]!))], inputs.length, { axis });
  },
};

/** Sizes of the parts: given, or equal. */
function splitSizes(node: Node, constants: readonly (Tensor | undefined)[], size: number): readonly number[] {
  const count = node.outputs.length;
  const sizes = constantInts(node, constants, 1) ?? range(0, count).map(() => size / count);
  const whole = sizes.every((part) => Number.isInteger(part) && part >= 0);
  if (!whole || sizes.length !== count || sizes.reduce((a, b) => a + b, 0) !== size) {
    throw misfit(node, `cannot split ${size} into ${show(sizes)} for ${count} outputs`);
  }
  return sizes;
}

const split: OpEntry = {
  op: 'Split',
  domain: '',
  infer: (context) => {
    const { node } = context;
    const { dtype, shape } = inputType(context, 0);
    const axis = axisOf(node, readInt(node, 'axis', 0), shape.length);
    const sizes = splitSizes(node, context.constants, shape[axis]!);
    return sizes.map((part) => ({ dtype, shape: shape.map((size, i) => (i === axis ? part : size)) }));
  },
  stops: [1],
  grad: ({ b, node, outputs, dOutputs }) => {
    const parts = outputs.map((output, i) => dOutputs[i] ?? zeros(b, b.shape(output)));
    return [b.op('Concat', parts, { axis: readInt(node, 'axis', 0) })];
  },
};

export interface Cut {
  readonly start: number;
  readonly step: number;
  readonly size: number;
}

/** What a Slice takes of every axis. */
export function cutsOf(node: Node, shape: Shape, constants: readonly (Tensor | undefined)[]): readonly Cut[] {
  const starts = requireConstantInts(node, constants, 1);
  const ends = requireConstantInts(node, constants, 2);
  const axes = constantInts(node, constants, 3) ?? range(0, starts.length);
  const steps = constantInts(node, constants, 4) ?? starts.map(() => 1);
  const cuts = shape.map((size): Cut => ({ start: 0, step: 1, size }));
  axes.forEach((given, i) => {
    const axis = axisOf(node, given, shape.length);
    cuts[axis] = cutOf(shape[axis]!, starts[i]!, ends[i]!, steps[i]!);
  });
  return cuts;
}

function cutOf(size: number, start: number, end: number, step: number): Cut {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (value: number, least: number) => Math.min(Math.max(value < 0 ? value + size : value, least), high);
  const first = clamp(start, step > 0 ? low : 0);
  return { start: first, step, size: Math.max(0, Math.ceil((clamp(end, low) - first) / step)) };
}

const slice: OpEntry = {
  op: 'Slice',
  domain: '',
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    return [{ dtype, shape: cutsOf(context.node, shape, context.constants).map((cut) => cut.size) }];
  },
  stops: [1, 2, 3, 4],
  grad: (context) => {
    const { b, node, inputs } = context;
    const shape = b.shape(inputs[0]!);
    const cuts = cutsOf(node, shape, constantsOf(b, node));
    if (cuts.some((cut) => cut.step < 1)) throw noGradient(node, 'a slice that runs backwards has no gradient here');
    const spread = cuts.reduce((value, { step }, axis) => (step === 1 ? value : spaced(b, value, axis, step)), gradOf(context));
    const pads = [...cuts.map((cut) => cut.start), ...cuts.map((cut, i) => shape[i]! - cut.start - cut.step * cut.size)];
    return [b.op('Pad', [spread, b.ints(pads)])];
  },
};

/** Every entry along an axis with `step` − 1 zeros behind it. */
function spaced(b: Builder, value: string, axis: number, step: number): string {
  const shape = b.shape(value);
  const column = reshape(b, value, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
  const none = shape.map(() => 0);
  const padded = b.op('Pad', [column, b.ints([0, ...none, ...none.toSpliced(axis + 1, 0, step - 1)])]);
  return reshape(b, padded, shape.with(axis, step * shape[axis]!));
}

const pad: OpEntry = {
  op: 'Pad',
  domain: '',
  infer: (context) => {
    const { node } = context;
    const { dtype, shape } = inputType(context, 0);
    const pads = requireConstantInts(node, context.constants, 1);
    if (pads.length !== 2 * shape.length) throw misfit(node, `pads ${show(pads)} for an input of shape ${show(shape)}`);
    return [{ dtype, shape: shape.map((size, i) => size + pads[i]! + pads[i + shape.length]!) }];
  },
  stops: [1, 2],
  grad: (context) => {
    const { b, node } = context;
    if (readString(node, 'mode', 'constant') !== 'constant') throw noGradient(node, 'only constant padding has a gradient here');
    const pads = requireConstantInts(node, constantsOf(b, node), 1);
    return [b.op('Pad', [gradOf(context), b.ints(pads.map((size) => (size === 0 ? 0 : -size)))])];
  },
};

const gather: OpEntry = {
  op: 'Gather',
  domain: '',
  infer: (context) => {
    const { dtype, shape } = inputType(context, 0);
    const axis = axisOf(context.node, readInt(context.node, 'axis', 0), shape.length);
    return [{ dtype, shape: [...shape.slice(0, axis), ...inputType(context, 1).shape, ...shape.slice(axis + 1)] }];
  },
  stops: [1],
  grad: (context) => {
    const { b, node, inputs } = context;
    const shape = b.shape(inputs[0]!);
    const axis = axisOf(node, readInt(node, 'axis', 0), shape.length);
    const [before, size, after] = [elementCount(shape.slice(0, axis)), shape[axis]!, elementCount(shape.slice(axis + 1))];
    const picked = elementCount(b.shape(inputs[1]!));
    const rows = reshape(b, gradOf(context), [before, picked, after]);
    return [reshape(b, b.op('MatMul', [oneHot(b, inputs[1]!, size, picked), rows]), shape)];
  },
};

/** [size, picked]: 1 where entry `picked` of the indices is `size`; negative indices count from the end. */
function oneHot(b: Builder, indices: string, size: number, picked: number): string {
  const flat = reshape(b, indices, [1, picked]);
  const { dtype } = b.type(indices);
  const wide = dtype === 'int64' ? flat : b.op('Cast', [flat], { to: dtypeCodes.int64 });
  const positive = b.op('Where', [b.op('Greater', [b.ints([0], []), wide]), b.op('Add', [wide, b.ints([size], [])]), wide]);
  return b.op('Cast', [b.op('Equal', [positive, b.ints(range(0, size), [size, 1])])], { to: dtypeCodes.float32 });
}

/** Values of input 2 written to, or with `reduction` combined with, the places that input 1 gives along `axis`. */
const scatterElements: OpEntry = {
  op: 'ScatterElements',
  domain: '',
  infer: (context) => {
    const data = inputType(context, 0);
    const [indices, updates] = [inputType(context, 1).shape, inputType(context, 2).shape];
    if (indices.length !== data.shape.length || indices.join() !== updates.join())
      throw misfit(context.node, `data ${show(data.shape)}, indices ${show(indices)} and updates ${show(updates)}`);
    return [data];
  },
  grad: 'forbidden',
};

export const slicingOps: readonly OpEntry[] = [concat, split, slice, pad, gather, scatterElements];
