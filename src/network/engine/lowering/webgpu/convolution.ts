import type { Builder } from '../../../ir/builder.ts';
import { readInt } from '../../../ir/ops/support/attributes.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';

/**
 * Conv and ConvTranspose whose groups have several channels, group by group: onnxruntime 1.30 computes some of them
 * wrong on WebGPU (9 outputs per group; 2 inputs and 1 output of a transposed one). Depthwise ones are right.
 */
export const grouped: Emission = ({ b, node }) => {
  const group = readInt(node, 'group', 1);
  const [x, w, ...bias] = node.inputs as [string, string, ...string[]];
  const [channels, perGroup] = b.shape(w) as [number, number];
  if (group === 1 || (perGroup === 1 && channels === group)) return [b.op(node.op, node.inputs, node.attributes)];
  const { group: _, ...window } = node.attributes;
  const parts = range(0, group).map((g) => {
    const own = [part(b, x, 1, g, group), ...[w, ...bias].map((value) => part(b, value, 0, g, group))];
    return b.op(node.op, own, window);
  });
  return [b.op('Concat', parts, { axis: 1 })];
};

/** Of a value cut into equal parts along an axis, one. */
function part(b: Builder, value: string, axis: number, index: number, count: number): string {
  const size = b.shape(value)[axis]! / count;
  return b.op('Slice', [value, b.ints([index * size]), b.ints([(index + 1) * size]), b.ints([axis])]);
}
