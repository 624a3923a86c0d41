import { NasError } from '../../../../core/errors.ts';
import type { Builder } from '../../builder.ts';
import type { Node, Shape, Tensor } from '../../graph.ts';
import type { GradContext } from '../../op.ts';
import { range, sameShape } from './shapes.ts';

/** The error of a rule that covers an op, but not in this form. */
export function noGradient(node: Node, message: string): NasError {
  return new NasError('IR_GRADIENT', `node "${node.name}" (${node.op}): ${message}`, { facts: { node: node.name, op: node.op } });
}

/** The gradient of the only output; a rule is called only when at least one output has one. */
export const gradOf = (context: GradContext): string => context.dOutputs[0]!;

export const constantsOf = (b: Builder, node: Node): readonly (Tensor | undefined)[] =>
  node.inputs.map((name) => b.initializers[name]);

/** Undoes broadcasting: sums `value` over the axes along which `shape` was stretched. */
export function reduceTo(b: Builder, value: string, shape: Shape): string {
  const from = b.shape(value);
  if (sameShape(from, shape)) return value;
  const lead = from.length - shape.length;
  const stretched = range(lead, from.length).filter((i) => shape[i - lead] === 1 && from[i] !== 1);
  const axes = [...range(0, lead), ...stretched];
  const sum = axes.length === 0 ? value : b.op('ReduceSum', [value, b.ints(axes)], { keepdims: stretched.length > 0 ? 1 : 0 });
  return reshape(b, sum, shape);
}

export function reshape(b: Builder, value: string, shape: Shape): string {
  return sameShape(b.shape(value), shape) ? value : b.op('Reshape', [value, b.ints(shape)]);
}

export function expand(b: Builder, value: string, shape: Shape): string {
  return sameShape(b.shape(value), shape) ? value : b.op('Expand', [value, b.ints(shape)]);
}

export const zeros = (b: Builder, shape: Shape): string => expand(b, b.scalar(0), shape);

/** `dy` where `gate` > 0, else 0. */
export const gated = (b: Builder, dy: string, gate: string): string => b.op('ReluGrad', [dy, gate], {}, { domain: 'espalier' });

/** Swaps the last two axes. */
export function transposeLast(b: Builder, value: string): string {
  const rank = b.shape(value).length;
  return b.op('Transpose', [value], { perm: [...range(0, rank - 2), rank - 1, rank - 2] });
}
