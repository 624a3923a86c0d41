import type { Builder } from '../../../ir/builder.ts';
import { elementCount } from '../../../ir/graph.ts';
import { readInt, requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape, transposeLast } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';
import { convWeightGrad as portable } from '../portable/conv-weight-grad.ts';
import { type Axis, axesOf } from '../portable/window.ts';
import { sumOverFirst } from './sums.ts';

/** Bytes that WebGPU guarantees to one buffer of a program. */
const largestBuffer = 128 * 2 ** 20;

/**
 * (x [N,C,H,W], dy [N,K,Ho,Wo]) → dw [K,C/g,kh,kw] in few programs: one Gather lays the T = kh·kw taps of every place
 * beside each other, then one product of matrices per sample, then their sum. Where the taps would not fit into a
 * buffer, the portable way.
 */
export const convWeightGrad: Emission = (context) => {
  const { b, node } = context;
  const [x, dy] = node.inputs as [string, string];
  const [k, c, ...kernel] = requireInts(node, 'weight_shape') as [number, number, number, number];
  const axes = axesOf(node, kernel, b.shape(x), b.shape(dy));
  const [n, channels] = b.shape(x) as [number, number];
  const places = elementCount(axes.map(({ output }) => output));
  if (4 * n * channels * places * elementCount(kernel) > largestBuffer) return portable(context);
  const group = readInt(node, 'group', 1);
  const outputs = reshape(b, dy, group === 1 ? [n, k, places] : [n, group, k / group, places]);
  const plane = elementCount(axes.map(({ input }) => input));
  const planes = reshape(b, x, group === 1 ? [n, c, plane] : [n, group, c, plane]);
  return [reshape(b, (group === 1 ? dense : grouped)(b, planes, outputs, axes), [k, c, ...kernel])];
};

/** (x [N,C,HW], dy [N,K,P]) → [K,C,T] */
function dense(b: Builder, x: string, dy: string, axes: readonly Axis[]): string {
  const { taps, places } = sizesOf(axes);
  const [n, c] = b.shape(x) as [number, number];
  const columns = pick(b, transposeLast(b, x), 1, axes, 'places first');
  const sum = sumOverFirst(b, b.op('MatMul', [dy, reshape(b, columns, [n, places, taps * c])]));
  return taps === 1 ? sum : transposeLast(b, reshape(b, sum, [b.shape(sum)[0]!, taps, c]));
}

/** (x [N,g,C,HW], dy [N,g,K,P]) → [g,K,C,T]; the taps of one channel a group are the right operand as they are. */
function grouped(b: Builder, x: string, dy: string, axes: readonly Axis[]): string {
  const { taps, places } = sizesOf(axes);
  const [n, g, c] = b.shape(x) as [number, number, number];
  if (c === 1) {
    const columns = reshape(b, pick(b, x, 3, axes, 'places first'), [n, g, places, taps]);
    return sumOverFirst(b, b.op('MatMul', [dy, columns]));
  }
  const rows = reshape(b, pick(b, x, 3, axes, 'taps first'), [n, g, c * taps, places]);
  return transposeLast(b, sumOverFirst(b, b.op('MatMul', [rows, transposeLast(b, dy)])));
}

const sizesOf = (axes: readonly Axis[]) => ({
  taps: elementCount(axes.map(({ kernel }) => kernel)),
  places: elementCount(axes.map(({ output }) => output)),
});

/** Puts, in place of the axis HW, what every tap of the window sees at every place: two axes, in this order. Zeros around. */
function pick(b: Builder, x: string, axis: number, axes: readonly Axis[], order: 'places first' | 'taps first'): string {
  const [height, width] = axes as [Axis, Axis];
  const plane = height.input * width.input;
  const tapsOf = ({ kernel }: Axis) => range(0, kernel);
  const placesOf = ({ output }: Axis) => range(0, output);
  const at = (along: Axis, tap: number, place: number) => place * along.stride + tap * along.dilation - along.begin;
  const inside = (along: Axis, position: number) => position >= 0 && position < along.input;
  const indexOf = (i: number, j: number, p: number, q: number) => {
    const [row, column] = [at(height, i, p), at(width, j, q)];
    return inside(height, row) && inside(width, column) ? row * width.input + column : plane;
  };
  const taps = tapsOf(height).flatMap((i) => tapsOf(width).map((j) => [i, j] as const));
  const places = placesOf(height).flatMap((p) => placesOf(width).map((q) => [p, q] as const));
  const indices =
    order === 'places first'
      ? places.flatMap(([p, q]) => taps.map(([i, j]) => indexOf(i, j, p, q)))
      : taps.flatMap(([i, j]) => places.map(([p, q]) => indexOf(i, j, p, q)));
  if (indices.length === plane && indices.every((index, i) => index === i)) return x;
  const shape = order === 'places first' ? [places.length, taps.length] : [taps.length, places.length];
  const padded = indices.includes(plane) ? withZero(b, x, axis) : x;
  return b.op('Gather', [padded, b.ints(indices, shape)], { axis });
}

/** One more along an axis, at the end: zeros. */
function withZero(b: Builder, value: string, axis: number): string {
  const none = b.shape(value).map(() => 0);
  return b.op('Pad', [value, b.ints([...none, ...none.map((_, i) => (i === axis ? 1 : 0))])]);
}
