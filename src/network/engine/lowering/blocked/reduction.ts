import { readInt } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { constant } from './elementwise.ts';
import { cutVector, type Layouts } from './layouts.ts';
import { channelSum } from './normalization.ts';
import type { Rule } from './rule.ts';

/** The reduction of a blocked value over its plane, or over everything but the channels. */
export const reduceSum: Rule = ({ b, layouts, node }) => {
  const [x, axesInput] = node.inputs as [string, string?];
  if (!layouts.isImage(x) || !layouts.isBlocked(x)) return undefined;
  const axes = constant(layouts, axesInput).map((axis) => (axis + 4) % 4);
  const key = [...axes].sort((a, c) => a - c).join();
  const [, c] = layouts.shape(x) as [number, number];
  if (key === '2,3') return planeSums(layouts, x, readInt(node, 'keepdims', 1) === 1);
  if (key !== '0,2,3') return undefined;
  const cut = cutVector(layouts, channelSum(layouts, layouts.blocked(x)), c);
  return [{ plain: reshape(b, cut, layouts.shape(node.outputs[0]!)) }];
};

/** [N,C,1,1], or [N,C]. */
function planeSums(layouts: Layouts, x: string, keepDims: boolean): ReturnType<Rule> {
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const rows = reshape(b, layouts.blocked(x), [(n * c) / block, h * w, block]);
  const sums = b.op('ReduceSum', [rows, b.ints([1])], { keepdims: 0 });
  if (keepDims) return [{ blocked: reshape(b, sums, [n, c, 1, 1]) }];
  const own = layouts.shape(x)[1]!;
  const matrix = reshape(b, sums, [n, c]);
  return [{ plain: own === c ? matrix : b.op('Slice', [matrix, b.ints([0]), b.ints([own]), b.ints([1])]) }];
}
