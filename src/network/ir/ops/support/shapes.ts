import { NasError } from '../../../../core/errors.ts';
import type { DType, Node, Shape, Tensor, TensorType } from '../../graph.ts';
import { elementCount, show } from '../../graph.ts';
import type { InferContext, OpEntry } from '../../op.ts';

/** The error for inputs that do not fit an op. */
export function misfit(node: Node, message: string): NasError {
  return new NasError('IR_SHAPE', `node "${node.name}" (${node.op}): ${message}`, { facts: { node: node.name, op: node.op } });
}

/** The type of input i, which must be there. */
export function inputType(context: InferContext, i: number): TensorType {
  const type = context.inputs[i];
  if (!type) throw misfit(context.node, `input ${i} is missing`);
  return type;
}

/** The type of input i, checked to have `rank` dimensions. */
export function ranked(context: InferContext, i: number, rank: number): TensorType {
  const type = inputType(context, i);
  if (type.shape.length !== rank) throw misfit(context.node, `input ${i} has shape ${show(type.shape)}, expected rank ${rank}`);
  return type;
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i]);

export function expectShape(context: InferContext, i: number, shape: Shape): void {
  const found = inputType(context, i).shape;
  if (!sameShape(found, shape)) throw misfit(context.node, `input ${i} has shape ${show(found)}, expected ${show(shape)}`);
}

/** Output type = type of input 0. */
export const likeInput: OpEntry['infer'] = (context) => [inputType(context, 0)];

/** ONNX (numpy) broadcasting; undefined where the shapes do not fit. */
export function broadcast(shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result: number[] = [];
  for (let i = 0; i < rank; i++) {
    const sizes = shapes.map((shape) => shape[i - rank + shape.length] ?? 1);
    const size = sizes.find((s) => s !== 1) ?? 1;
    if (sizes.some((s) => s !== 1 && s !== size)) return undefined;
    result.push(size);
  }
  return result;
}

/** Shape of an elementwise op over all its inputs, which must share one dtype. */
export function broadcastInputs(context: InferContext, first = 0): TensorType {
  const types = context.inputs.slice(first).map((_, i) => inputType(context, first + i));
  const dtype = types[0]?.dtype;
  if (!dtype) throw misfit(context.node, 'it has no inputs');
  if (types.some((type) => type.dtype !== dtype)) {
    throw misfit(context.node, `inputs of different types: ${types.map((type) => type.dtype).join(', ')}`);
  }
  const shape = broadcast(types.map((type) => type.shape));
  if (!shape) throw misfit(context.node, `shapes ${types.map((type) => show(type.shape)).join(' and ')} cannot be broadcast`);
  return { dtype, shape };
}

/** A non-negative axis; ONNX lets -1 mean the last. */
export function axisOf(node: Node, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) throw misfit(node, `axis ${axis} for a value of rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

export const axesOf = (node: Node, axes: readonly number[], rank: number): readonly number[] =>
  axes.map((axis) => axisOf(node, axis, rank)).sort((a, b) => a - b);

export const toNumbers = (tensor: Tensor): number[] => Array.from(tensor.data, Number);

/** The values of input i, which must be an initializer; undefined where the input is left out. */
export function constantInts(node: Node, constants: readonly (Tensor | undefined)[], i: number): readonly number[] | undefined {
  if (!node.inputs[i]) return undefined;
  const tensor = constants[i];
  if (!tensor) throw misfit(node, `input ${i} ("${node.inputs[i]}") must be a constant: every shape is static`);
  return toNumbers(tensor);
}

export function requireConstantInts(node: Node, constants: readonly (Tensor | undefined)[], i: number): readonly number[] {
  const values = constantInts(node, constants, i);
  if (!values) throw misfit(node, `input ${i} is missing`);
  return values;
}

/** The shape with the given axes set to 1 or left out. */
export const reducedShape = (shape: Shape, axes: readonly number[], keepDims: boolean): Shape =>
  keepDims ? shape.map((size, i) => (axes.includes(i) ? 1 : size)) : shape.filter((_, i) => !axes.includes(i));

export const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64';

export function sameCount(node: Node, from: Shape, to: Shape): void {
  if (elementCount(from) !== elementCount(to)) throw misfit(node, `cannot turn shape ${show(from)} into ${show(to)}`);
}
