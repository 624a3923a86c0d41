import type { Shape } from '../../../ir/graph.ts';
import { elementCount } from '../../../ir/graph.ts';
import { readInt } from '../../../ir/ops/support/attributes.ts';
import { broadcast } from '../../../ir/ops/support/shapes.ts';
import { argument, broadcastStrides, strided } from '../wgsl.ts';
import type { Operand, Product, RuleContext, Rules } from './rule.ts';

/** Products of matrices, operands transposed or not, in batches that broadcast. */

const matMul: Product = {
  kind: 'product',
  reads: [0, 1],
  describe: (context) => {
    const { node, inputs } = context;
    const [left, right] = [inputs[0]!, inputs[1]!];
    const a = left.length === 1 ? [1, ...left] : left;
    const b = right.length === 1 ? [...right, 1] : right;
    const transposed = [readInt(node, 'transA', 0) === 1, readInt(node, 'transB', 0) === 1] as const;
    const batch = broadcast([a.slice(0, -2), b.slice(0, -2)])!;
    const [m, k] = transposed[0] ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
    const n = transposed[1] ? b.at(-2)! : b.at(-1)!;
    return {
      batch: elementCount(batch),
      m,
      n,
      k,
      a: operand(context, 0, { shape: a, batch, lineFirst: !transposed[0] }),
      b: operand(context, 1, { shape: b, batch, lineFirst: transposed[1] }),
      place: `(batch * ${argument(m)} + m) * ${argument(n)} + n`,
      rowStride: n,
      run: 16,
    };
  },
};

interface Matrices {
  readonly shape: Shape;
  readonly batch: Shape;
  /** [line, k] in memory; else [k, line]. */
  readonly lineFirst: boolean;
}

function operand({ at }: RuleContext, input: number, { shape, batch, lineFirst }: Matrices): Operand {
  const own = shape.slice(0, -2);
  const strides = broadcastStrides(own, batch).map((stride) => stride * shape.at(-1)! * shape.at(-2)!);
  const step = argument(shape.at(-1)!);
  const [ofLine, ofDepth] = lineFirst ? [`line * ${step}`, 'k'] : ['line', `k * ${step}`];
  return {
    input,
    along: lineFirst ? 'depth' : 'line',
    line: `return vec4i(i32(${ofLine}), 0, 0, 0);`,
    depth: `return vec4i(i32(${ofDepth}), 0, 0, 0);`,
    place: `return ${strided('batch', batch, strides)} + u32(l.x + d.x);`,
    quad: { step: lineFirst ? step : '1u' },
    at: (place) => at(input, place),
  };
}

export const productRules: Rules = { ':MatMul': matMul, 'com.microsoft:FusedMatMul': matMul };
