import type { Builder } from '../../../ir/builder.ts';
import type { Node } from '../../../ir/graph.ts';
import { readInt } from '../../../ir/ops/support/attributes.ts';
import { axisOf, range, toNumbers } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';

/** Values that one op may join: WebGPU guarantees 8 buffers to a shader, and one of them is the output. */
const mostJoined = 7;

/** (value, sizes) → parts along an axis: a Slice for each, since Split writes all of them from one shader. */
export const split: Emission = ({ b, node }) => {
  const [value] = node.inputs as [string];
  const axis = axisOf(node, readInt(node, 'axis', 0), b.shape(value).length);
  let end = 0;
  return partSizes(b, node, b.shape(value)[axis]!).map((size) => {
    const begin = end;
    end += size;
    return b.op('Slice', [value, b.ints([begin]), b.ints([end]), b.ints([axis])]);
  });
};

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
