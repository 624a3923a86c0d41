import type { Builder } from '../../../ir/builder.ts';
import { readInt, requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';
import { type Axis, axesOf } from './window.ts';

/**
 * (x [N,C,H,W], dy [N,K,Ho,Wo]) → dw [K,C/g,kh,kw] as one product of matrices per sample and group, summed over the
 * samples. Taps along the width come from shifted copies of x. Taps along the height come from shifted rows, of dy where
 * that copies less (stride 1 only), else of x: whole rows move, which one Gather does.
 */
export const convWeightGrad: Emission = ({ b, node }) => {
  const [x, dy] = node.inputs as [string, string];
  const [k, c, ...kernel] = requireInts(node, 'weight_shape') as [number, number, number, number];
  const [height, width] = axesOf(node, kernel, b.shape(x), b.shape(dy));
  const group = readInt(node, 'group', 1);
  const n = b.shape(x)[0]!;
  const columns = shiftedColumns(b, reshape(b, x, [n, group, c, height.input, width.input]), width);
  const grouped = reshape(b, dy, [n, group, k / group, height.output, width.output]);
  const shiftOutput = height.stride === 1 && k / group < width.kernel * c;
  const left = shiftOutput ? columns : rowsOfInput(b, columns, height);
  const right = shiftOutput ? rowsOfOutput(b, grouped, height) : grouped;
  const planes = product(b, left, right);
  const [kh, kw] = kernel;
  // planes: [g, kw, C/g, kh?, K/g, kh?], kh on the side whose rows were shifted.
  const taps = shiftOutput ? [group, kw, c, k / group, kh] : [group, kw, c, kh, k / group];
  const perm = shiftOutput ? [0, 3, 2, 4, 1] : [0, 4, 2, 3, 1];
  return [reshape(b, b.op('Transpose', [reshape(b, planes, taps)], { perm }), [k, c, kh, kw])];
};

/** x [N,g,C,H,W] → [N,g,kw·C,H,Wo]: column o of copy j is column o·stride + j·dilation of the padded x. */
function shiftedColumns(b: Builder, x: string, width: Axis): string {
  const copies = range(0, width.kernel).map((j) => {
    const begin = width.begin - j * width.dilation;
    const span = (width.output - 1) * width.stride + 1;
    const shifted = padColumns(b, x, begin, span - width.input - begin);
    if (width.stride === 1) return shifted;
    return b.op('Slice', [shifted, b.ints([0]), b.ints([span]), b.ints([4]), b.ints([width.stride])]);
  });
  return copies.length === 1 ? copies[0]! : b.op('Concat', copies, { axis: 2 });
}

/** Adds columns of zeros; takes columns away where the numbers are below 0. */
function padColumns(b: Builder, x: string, begin: number, end: number): string {
  return begin === 0 && end === 0 ? x : b.op('Pad', [x, b.ints([0, 0, 0, 0, begin, 0, 0, 0, 0, end])]);
}

/** [N,g,C,H,W] → [N,g,C,kh,Ho,W]: row o of copy i is row o·stride + i·dilation of the padded value. */
function rowsOfInput(b: Builder, value: string, height: Axis): string {
  const row = (i: number, o: number) => o * height.stride + i * height.dilation - height.begin;
  const rows = range(0, height.kernel).map((i) => range(0, height.output).map((o) => row(i, o)));
  return gatherRows(b, value, rows, height.input);
}

/** Stride 1: [N,g,K,Ho,W] → [N,g,K,kh,H,W]: row h of copy i is the row of dy that tap i of the window brings row h of x to. */
function rowsOfOutput(b: Builder, value: string, height: Axis): string {
  const row = (i: number, h: number) => h + height.begin - i * height.dilation;
  const rows = range(0, height.kernel).map((i) => range(0, height.input).map((h) => row(i, h)));
  return gatherRows(b, value, rows, height.output);
}

/** Picks rows (axis 3) by number; a number outside of 0 … count-1 is a row of zeros. */
function gatherRows(b: Builder, value: string, rows: readonly (readonly number[])[], count: number): string {
  const inside = (row: number) => row >= 0 && row < count;
  const wanted = rows.flat();
  if (rows.length === 1 && wanted.length === count && wanted.every((row, i) => row === i)) return value;
  const padded = wanted.every(inside) ? value : b.op('Pad', [value, b.ints([0, 0, 0, 0, 0, 0, 0, 0, 1, 0])]);
  const indices = b.ints(
    wanted.map((row) => (inside(row) ? row : count)),
    [rows.length, rows[0]!.length],
  );
  return b.op('Gather', [padded, indices], { axis: 3 });
}

/** Σ over samples of left · rightᵗ; the operands are matrices [rows, plane] per sample and group → [g, rows, columns]. */
function product(b: Builder, left: string, right: string): string {
  const matrices = (value: string) => {
    const [n, group, ...rest] = b.shape(value) as [number, number, ...number[]];
    const rows = rest.slice(0, -2).reduce((count, size) => count * size, 1);
    const plane = rest.at(-2)! * rest.at(-1)!;
    return reshape(b, value, group === 1 ? [n, rows, plane] : [n, group, rows, plane]);
  };
  const perSample = b.op('FusedMatMul', [matrices(left), matrices(right)], { transB: 1 }, { domain: 'com.microsoft' });
  return b.op('ReduceSum', [perSample, b.ints([0])], { keepdims: 0 });
}
