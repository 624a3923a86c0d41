import type { Builder } from '../../../ir/builder.ts';
import { elementCount } from '../../../ir/graph.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { range } from '../../../ir/ops/support/shapes.ts';
import { cutVector, type Layouts } from './layouts.ts';

/** Numbers of kh·kw, in the order in which they are wanted. */
type Taps = readonly number[];

/** Weights [K,C,kh,kw] of the graph, times a factor per output channel, a vector of whole blocks. */
export interface ScaledWeight {
  readonly weight: string;
  readonly factor?: string;
}

/** Weights [K,C,kh,kw] of the graph in the forms that blocked convolutions read; each form is made once per weight. */

/** For y of x: [K/b, C/b, kh, kw, b of C, b of K]. */
export function forwardWeight(layouts: Layouts, weight: string): string {
  const { b } = layouts;
  const [k, c, kh, kw] = layouts.shape(weight) as [number, number, number, number];
  const [outputs, inputs] = [layouts.padded(k), layouts.padded(c)];
  return layouts.once(`forward ${weight}`, () => {
    const turned = b.op('Transpose', [inBlocks(layouts, weight)], { perm: [0, 2, 4, 3, 1] });
    return reshape(b, turned, [outputs, inputs, kh, kw]);
  });
}

/** For y of an x that is not blocked, with fewer channels than a block: [K/b, C, kh, kw, b of K]. */
export function stemWeight(layouts: Layouts, weight: string): string {
  const { b, block } = layouts;
  const [k, c, kh, kw] = layouts.shape(weight) as [number, number, number, number];
  const outputs = layouts.padded(k);
  return layouts.once(`stem ${weight}`, () => {
    const blocks = reshape(b, zeroPadded(layouts, weight, [outputs, c]), [outputs / block, block, c * kh * kw]);
    return reshape(b, b.op('Transpose', [blocks], { perm: [0, 2, 1] }), [outputs, c, kh, kw]);
  });
}

/** For dx of dy: [C/b, K/b, taps, b of K, b of C]. */
export function inputGradWeight(
  layouts: Layouts,
  { weight, factor }: ScaledWeight,
  taps: Taps,
  kernel: readonly number[],
): string {
  const { b } = layouts;
  const [k, c] = layouts.shape(weight) as [number, number];
  const turned = layouts.once(`backward ${weight} ${factor}`, () =>
    b.op('Transpose', [inBlocks(layouts, weight, factor)], { perm: [2, 0, 4, 1, 3] }),
  );
  return reshape(b, pick(layouts, turned, taps, 2), [layouts.padded(c), layouts.padded(k), ...kernel]);
}

/** For dx of a dy that is not blocked: [C/b, K, taps, b of C]. */
export function narrowInputGradWeight(
  layouts: Layouts,
  { weight, factor }: ScaledWeight,
  taps: Taps,
  kernel: readonly number[],
): string {
  const { b, block } = layouts;
  const [k, c, kh, kw] = layouts.shape(weight) as [number, number, number, number];
  const channels = layouts.padded(c);
  const turned = layouts.once(`narrow backward ${weight} ${factor}`, () => {
    const own = factor === undefined ? undefined : cutVector(layouts, factor, k);
    const whole = scaledRows(b, zeroPadded(layouts, weight, [k, channels]), own);
    const blocks = reshape(b, whole, [k, channels / block, block, kh * kw]);
    return b.op('Transpose', [blocks], { perm: [1, 0, 3, 2] });
  });
  return reshape(b, pick(layouts, turned, taps, 2), [channels, k, ...kernel]);
}

/** Of a depthwise convolution, [C,1,kh,kw]: [C/b, taps, b]. */
export function depthwiseWeight(
  layouts: Layouts,
  { weight, factor }: ScaledWeight,
  taps: Taps,
  kernel: readonly number[],
): string {
  const { b, block } = layouts;
  const [c, , kh, kw] = layouts.shape(weight) as [number, number, number, number];
  const channels = layouts.padded(c);
  const turned = layouts.once(`depthwise ${weight} ${factor}`, () => {
    const whole = scaledRows(b, zeroPadded(layouts, weight, [channels, 1]), factor);
    const blocks = reshape(b, whole, [channels / block, block, kh * kw]);
    return b.op('Transpose', [blocks], { perm: [0, 2, 1] });
  });
  return reshape(b, pick(layouts, turned, taps, 1), [channels, 1, ...kernel]);
}

/** [K/b, b, C/b, b, kh·kw] */
function inBlocks(layouts: Layouts, weight: string, factor?: string): string {
  const { b, block } = layouts;
  const [k, c, kh, kw] = layouts.shape(weight) as [number, number, number, number];
  const [outputs, inputs] = [layouts.padded(k), layouts.padded(c)];
  const whole = scaledRows(b, zeroPadded(layouts, weight, [outputs, inputs]), factor);
  return reshape(b, whole, [outputs / block, block, inputs / block, block, kh * kw]);
}

function zeroPadded(layouts: Layouts, weight: string, [outputs, inputs]: readonly [number, number]): string {
  const { b } = layouts;
  const plain = layouts.plain(weight);
  const [k, c] = layouts.shape(weight) as [number, number];
  return outputs === k && inputs === c ? plain : b.op('Pad', [plain, b.ints([0, 0, 0, 0, outputs - k, inputs - c, 0, 0])]);
}

/** [K, …] · factor [K], where there is one. */
export function scaledRows(b: Builder, weight: string, factor: string | undefined): string {
  if (factor === undefined) return weight;
  const shape = b.shape(weight);
  return b.op('Mul', [
    weight,
    reshape(
      b,
      factor,
      shape.map((size, axis) => (axis === 0 ? size : 1)),
    ),
  ]);
}

function pick({ b }: Layouts, value: string, taps: readonly number[], axis: number): string {
  const all = range(0, b.shape(value)[axis]!);
  if (taps.join() === all.join()) return value;
  return b.op('Gather', [value, b.ints(taps)], { axis });
}

/** Back to [K,C,kh,kw], from [C/b, K/b, kh·kw, b of C, b of K]. */
export function plainWeight(layouts: Layouts, value: string, shape: readonly number[]): string {
  const { b } = layouts;
  const [k, c, kh, kw] = shape as [number, number, number, number];
  const turned = b.op('Transpose', [value], { perm: [1, 4, 0, 3, 2] });
  return cut(layouts, reshape(b, turned, [layouts.padded(k), layouts.padded(c), kh, kw]), shape);
}

/** Back to [K,C,1,1], from [K/b, C/b, b of C, b of K]. */
export function plainPointwiseWeight(layouts: Layouts, value: string, shape: readonly number[]): string {
  const { b } = layouts;
  const turned = b.op('Transpose', [value], { perm: [0, 3, 1, 2] });
  return cut(layouts, reshape(b, turned, [layouts.padded(shape[0]!), layouts.padded(shape[1]!), 1, 1]), shape);
}

/** Back to [K,C,kh,kw], from [K/b, kh·kw, C, b of K]. */
export function plainStemWeight(layouts: Layouts, value: string, shape: readonly number[]): string {
  const { b } = layouts;
  const turned = b.op('Transpose', [value], { perm: [0, 3, 2, 1] });
  return cut(layouts, reshape(b, turned, shape.with(0, layouts.padded(shape[0]!))), shape);
}

/** Back to [C,1,kh,kw], from [C/b, kh·kw, b]. */
export function plainDepthwiseWeight(layouts: Layouts, value: string, shape: readonly number[]): string {
  const { b } = layouts;
  const turned = b.op('Transpose', [value], { perm: [0, 2, 1] });
  return cut(layouts, reshape(b, turned, shape.with(0, layouts.padded(shape[0]!))), shape);
}

function cut({ b }: Layouts, value: string, shape: readonly number[]): string {
  if (elementCount(b.shape(value)) === elementCount(shape)) return value;
  return b.op('Slice', [value, b.ints([0, 0]), b.ints(shape.slice(0, 2)), b.ints([0, 1])]);
}
