import type { Builder } from '../../../ir/builder.ts';
import { elementCount } from '../../../ir/graph.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';

/**
 * [N, …] → […]: factor · Σ over the first axis, as a product with a row of factors. The provider transposes before it sums
 * along any axis but the last: two programs and a copy, where this is one.
 */
export function sumOverFirst(b: Builder, value: string, factor = 1): string {
  const [n, ...rest] = b.shape(value) as [number, ...number[]];
  const row = b.floats(
    range(0, n).map(() => factor),
    [1, n],
  );
  return reshape(b, b.op('MatMul', [row, reshape(b, value, [n, elementCount(rest)])]), rest);
}
