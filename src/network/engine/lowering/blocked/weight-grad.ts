import type { Builder } from '../../../ir/builder.ts';
import { requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { type Axis, axesOf, reach } from '../portable/window.ts';
import { kindOf } from './convolution.ts';
import { cutVector, isNarrow, type Layouts, nchwc } from './layouts.ts';
import type { Rule } from './rule.ts';
import { plainDepthwiseWeight, plainPointwiseWeight, plainStemWeight, plainWeight, scaledRows } from './weights.ts';

/** (x, dy) → dw by a convolution of x whose kernel is dy: dw at a tap is the sum over samples and places of x · dy. */
export const convWeightGrad: Rule = (context) => {
  const { layouts, node } = context;
  const [x, dy] = node.inputs as [string, string];
  const shape = requireInts(node, 'weight_shape');
  if (!layouts.isImage(x) || !layouts.isImage(dy)) return undefined;
  const axes = axesOf(node, shape.slice(2), layouts.shape(x), layouts.shape(dy));
  const kind = kindOf(context, x, shape);
  if (!kind || axes.some((axis) => axis.dilation !== 1 && axis.kernel !== 1)) return undefined;
  const grad = { depthwise: depthwiseGrad, dense: denseGrad, stem: stemGrad }[kind];
  const { rest, factor } = layouts.unscaled(dy);
  const made = grad(layouts, x, { name: dy, rest }, axes, shape);
  return [{ plain: factor === undefined ? made : scaledRows(layouts.b, made, cutVector(layouts, factor, shape[0]!)) }];
};

/** dy, or what is left of it without a factor per channel. */
interface Outgoing {
  readonly name: string;
  readonly rest: string;
}

type WeightGrad = (layouts: Layouts, x: string, dy: Outgoing, axes: readonly [Axis, Axis], shape: readonly number[]) => string;

/** What the end of an axis lacks for the last tap at the last place; below 0: rows that no tap reads. */
const missing = (axis: Axis): number => (axis.output - 1) * axis.stride + reach(axis) + 1 - axis.input - axis.begin;

/** Every sample and channel for itself: one depthwise convolution over [1, N·C, H, W]. */
const depthwiseGrad: WeightGrad = (layouts, x, dy, [rows, columns], shape) => {
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const kernel = [rows.output, columns.output];
  const products = b.op(
    'Conv',
    [reshape(b, layouts.blocked(x), [1, n * c, h, w]), reshape(b, dy.rest, [n * c, 1, ...kernel])],
    {
      kernel_shape: kernel,
      pads: [rows.begin, columns.begin, Math.max(0, missing(rows)), Math.max(0, missing(columns))],
      dilations: [rows.stride, columns.stride],
      group: n * c,
    },
    { domain: nchwc },
  );
  const [, , height, width] = b.shape(products) as [number, number, number, number];
  const sum = b.op('ReduceSum', [reshape(b, products, [n, c * height * width]), b.ints([0])], { keepdims: 0 });
  const planes = reshape(b, sum, [c / block, height, width, block]);
  const ends = [rows.kernel, columns.kernel];
  const tight =
    height === ends[0] && width === ends[1] ? planes : b.op('Slice', [planes, b.ints([0, 0]), b.ints(ends), b.ints([1, 2])]);
  return plainDepthwiseWeight(layouts, reshape(b, tight, [c / block, ends[0]! * ends[1]!, block]), shape);
};

/**
 * One place per tap: as `rowProducts`, with the blocks of x's channels below each other in one image, of which the kernel
 * takes one after the other as it moves by the height of the plane. x stays as it lies.
 */
const pointwiseGrad: WeightGrad = (layouts, x, dy, [rows, columns], shape) => {
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const [, k, ho, wo] = layouts.paddedShape(dy.name) as [number, number, number, number];
  const { total, perGroup } = samplesOf(layouts, n, k, c, ho * wo);
  const all = padded(layouts, reshape(b, layouts.blocked(x), [n, c * h * w]), [0, 0, total - n, 0]);
  const [kernels] = sampleKernels(layouts, dy, total, perGroup);
  const products = b.op(
    'Conv',
    [reshape(b, all, [1, total, (c / block) * h, w * block]), kernels],
    {
      kernel_shape: [ho, wo],
      strides: [h, 1],
      dilations: [rows.stride, columns.stride * block],
      group: total / perGroup,
    },
    { domain: nchwc },
  );
  const width = b.shape(products)[3]!;
  const parts = reshape(b, products, [total / perGroup, (k / block) * (c / block) * width * block]);
  const sum = total === perGroup ? parts : b.op('ReduceSum', [parts, b.ints([0])], { keepdims: 0 });
  const wide = reshape(b, sum, [k / block, c / block, width, block]);
  const tight = width === block ? wide : b.op('Slice', [wide, b.ints([0]), b.ints([block]), b.ints([2])]);
  return plainPointwiseWeight(layouts, tight, shape);
};

const denseGrad: WeightGrad = (layouts, x, dy, axes, shape) => {
  if (axes.every((axis) => axis.kernel === 1 && axis.begin === 0 && missing(axis) <= 0))
    return pointwiseGrad(layouts, x, dy, axes, shape);
  if (isNarrow(layouts, x, shape)) return narrowGrad(layouts, x, dy, axes, shape);
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const framed = framedImage(layouts, x, axes[1]);
  const lines = reshape(b, framed ?? layouts.blocked(x), [n * (c / block) * h, (framed ? b.shape(framed)[3]! : w) * block]);
  const isFramed = framed !== undefined;
  const products = rowProducts(layouts, { lines, isFramed, samples: n, groups: c / block, channels: block, dy, axes });
  return plainWeight(layouts, products, shape);
};

/**
 * The blocked image with the zeros that the taps read left and right of it, as a depthwise convolution by 1: it runs on all
 * threads, where onnxruntime's Pad runs on one. Undefined where columns are to be cut off, or none are missing.
 */
function framedImage(layouts: Layouts, x: string, columns: Axis): string | undefined {
  const { b } = layouts;
  const [left, right] = [columns.begin, missing(columns)];
  if (left < 0 || right < 0 || left + right === 0) return undefined;
  const channels = layouts.paddedShape(x)[1]!;
  return layouts.once(`${x} framed by ${left} and ${right}`, () => {
    const ones = b.floats(
      Array.from({ length: channels }, () => 1),
      [channels, 1, 1, 1],
    );
    const attributes = { kernel_shape: [1, 1], group: channels, pads: [0, left, 0, right] };
    return b.op('Conv', [layouts.blocked(x), ones], attributes, { domain: nchwc });
  });
}

/** x is plain: [N,C,H,W] → [N,H,W,C]. */
const stemGrad: WeightGrad = (layouts, x, dy, axes, shape) => {
  const { b } = layouts;
  const last = shape[1] === 1 ? layouts.plain(x) : b.op('Transpose', [layouts.plain(x)], { perm: [0, 2, 3, 1] });
  return channelsLastGrad(layouts, { name: x, last }, dy, axes, shape);
};

/** x has one block, of which it fills a part: [N,H,W,block] → [N,H,W,C]. */
const narrowGrad: WeightGrad = (layouts, x, dy, axes, shape) => {
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.shape(x) as [number, number, number, number];
  const places = reshape(b, layouts.blocked(x), [n * h * w, block]);
  const last = b.op('Slice', [places, b.ints([0]), b.ints([c]), b.ints([1])]);
  return channelsLastGrad(layouts, { name: x, last }, dy, axes, shape);
};

/** `last` is x as [N,H,W,C]. */
function channelsLastGrad(
  layouts: Layouts,
  { name, last }: { readonly name: string; readonly last: string },
  dy: Outgoing,
  axes: readonly [Axis, Axis],
  shape: readonly number[],
): string {
  const { b } = layouts;
  const [n, c, h, w] = layouts.shape(name) as [number, number, number, number];
  const lines = reshape(b, last, [n * h, w * c]);
  const products = rowProducts(layouts, { lines, samples: n, groups: 1, channels: c, dy, axes });
  return plainStemWeight(layouts, reshape(b, products, b.shape(products).slice(1)), shape);
}

interface RowProducts {
  /** x as [N · groups · H, W · channels] */
  readonly lines: string;
  /** Whether the zeros left and right of the image are in them. */
  readonly isFramed?: boolean;
  readonly samples: number;
  /** Blocks of channels of x. */
  readonly groups: number;
  /** Channels of one block, which lie side by side in a line. */
  readonly channels: number;
  readonly dy: Outgoing;
  readonly axes: readonly [Axis, Axis];
}

/**
 * One convolution in which the samples are the channels that are summed up, some at a time (a group), the blocks of x's
 * channels the batch, dy the kernel. Along a line of x the columns of a block's channels lie side by side: a dilation by
 * stride · channels makes output column q · channels + c the sum for channel c at tap q, with no transposition of x.
 * Returns [blocks of C, blocks of K, kh·kw, channels, block of K].
 */
function rowProducts(layouts: Layouts, { lines, isFramed = false, samples, groups, channels, dy, axes }: RowProducts): string {
  const { b, block } = layouts;
  const [rows, columns] = axes;
  const [, k, ho, wo] = layouts.paddedShape(dy.name) as [number, number, number, number];
  const { total, perGroup } = samplesOf(layouts, samples, k, groups * channels * rows.kernel * columns.kernel, ho * wo);
  const [left, right] = isFramed ? [0, 0] : [columns.begin * channels, missing(columns) * channels];
  const pads = [0, left, (total - samples) * groups * rows.input, right];
  const wide = padded(layouts, lines, pads);
  const width = b.shape(wide)[1]!;
  const byGroup = turned(b, wide, [1, total, groups, rows.input * width]);
  const [kernels, outputs] = sampleKernels(layouts, dy, total, perGroup);
  const products = b.op(
    'Conv',
    [reshape(b, byGroup, [groups, total, rows.input, width]), kernels],
    {
      kernel_shape: [rows.output, columns.output],
      dilations: [rows.stride, columns.stride * channels],
      pads: [rows.begin, 0, Math.max(0, missing(rows)), 0],
      group: total / perGroup,
    },
    { domain: nchwc },
  );
  return summed(layouts, products, total / perGroup, outputs / block, channels, axes);
}

/**
 * How many samples a convolution for weight gradients takes (`total`; zeros behind the last one), and how many it sums up
 * itself. Fewer than a block make onnxruntime read x as a plain value. One by one, dy need not be turned, but the `products`
 * of each sample and output channel are written before they are summed: that pays where dy has more `places`.
 */
function samplesOf(layouts: Layouts, samples: number, outputs: number, products: number, places: number) {
  const { block } = layouts;
  if (samples < block) return { total: samples, perGroup: samples };
  if (outputs > block && products < places && samples % block === 0) return { total: samples, perGroup: 1 };
  return { total: layouts.padded(samples), perGroup: block / 2 };
}

/** dy as weights: [samples / perGroup · K, perGroup, Ho, Wo]; and K. */
function sampleKernels(layouts: Layouts, dy: Outgoing, total: number, perGroup: number): readonly [string, number] {
  const { b, block } = layouts;
  const [n, k, ho, wo] = layouts.paddedShape(dy.name) as [number, number, number, number];
  const name = layouts.once(`kernels of ${perGroup} ${dy.name}`, () => {
    const all = padded(layouts, reshape(b, dy.rest, [n, k * ho * wo]), [0, 0, total - n, 0]);
    const byBlock = turned(b, all, [total / perGroup, perGroup, k / block, ho * wo * block]);
    return reshape(b, byBlock, [(total / perGroup) * k, perGroup, ho, wo]);
  });
  return [name, k];
}

/** [blocks of C, groups · K, ≥ kh, ≥ kw · channels] → the sum over the groups of samples, without what lies beyond the taps. */
function summed(
  layouts: Layouts,
  products: string,
  groups: number,
  outputBlocks: number,
  channels: number,
  [rows, columns]: readonly [Axis, Axis],
): string {
  const { b, block } = layouts;
  const [blocks, , height, width] = b.shape(products) as [number, number, number, number];
  const taps = rows.kernel * columns.kernel;
  const all = reshape(b, products, [blocks, groups * outputBlocks, height, width * block]);
  const tight = height === rows.kernel ? all : b.op('Slice', [all, b.ints([0]), b.ints([rows.kernel]), b.ints([2])]);
  const parts = reshape(b, tight, [blocks, groups, outputBlocks * taps * channels * block]);
  const sum = groups === 1 ? parts : b.op('ReduceSum', [parts, b.ints([1])], { keepdims: 0 });
  return reshape(b, sum, [blocks, outputBlocks, taps, channels, block]);
}

/** A value seen as [a, p, q, length] → [a, q, p, length], row by row: on all threads, where Transpose runs on one. */
function turned(b: Builder, value: string, [a, p, q, length]: readonly [number, number, number, number]): string {
  if (p === 1 || q === 1) return value;
  const order = Array.from({ length: a * p * q }, (_, row) => {
    const [of, rest] = [Math.floor(row / (p * q)), row % (p * q)];
    return of * p * q + (rest % p) * q + Math.floor(rest / p);
  });
  return b.op('Gather', [reshape(b, value, [a * p * q, length]), b.ints(order)], { axis: 0 });
}

/** Zeros around a value; negative numbers cut off. */
function padded({ b }: Layouts, value: string, pads: readonly number[]): string {
  return pads.every((size) => size === 0) ? value : b.op('Pad', [value, b.ints(pads)]);
}
