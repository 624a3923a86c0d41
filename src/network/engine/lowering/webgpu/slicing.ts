import type { Builder } from '../../../ir/builder.ts';
import type { Node } from '../../../ir/graph.ts';
import { readInt } from '../../../ir/ops/support/attributes.ts';
import { axisOf, range, toNumbers } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';

/** Values that one op may join, or part: WebGPU guarantees 8 buffers to a shader, and one of them is the whole. */
const mostJoined = 7;

/** (value, sizes) → parts along an axis: a few at a time, of parts of parts. */
export const split: Emission = ({ b, node }) => {
  const [value] = node.inputs as [string];
  const axis = axisOf(node, readInt(node, 'axis', 0), b.shape(value).length);
  return parted(b, value, axis, partSizes(b, node, b.shape(value)[axis]!));
};

function parted(b: Builder, value: string, axis: number, sizes: readonly number[]): readonly string[] {
  if (sizes.length === 1) return [value];
  let each = 1;
  while (each * mostJoined < sizes.length) each *= mostJoined;
  const groups = range(0, Math.ceil(sizes.length / each)).map((i) => sizes.slice(i * each, (i + 1) * each));
  const totals = groups.map((group) => group.reduce((sum, size) => sum + size, 0));
  const parts = b.multi('Split', [value, b.ints(totals)], groups.length, { axis });
  return parts.flatMap((part, i) => parted(b, part, axis, groups[i]!));
}

function partSizes(b: Builder, node: Node, size: number): readonly number[] {
  const sizes = b.initializers[node.inputs[1] ?? ''];
  return sizes ? toNumbers(sizes) : range(0, node.outputs.length).map(() => size / node.outputs.length);
}

/** Joins a few at a time, then what came out. */
export const concat: Emission = ({ b, node }) => {
  const axis = readInt(node, 'axis', 0);
  let parts = [...node.inputs];
  while (parts.length > 1) {
    const groups = range(0, Math.ceil(parts.length / mostJoined)).map((i) => parts.slice(i * mostJoined, (i + 1) * mostJoined));
    parts = groups.map((group) => (group.length === 1 ? group[0]! : b.op('Concat', group, { axis })));
  }
  return parts;
};
