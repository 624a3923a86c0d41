import { requireInts } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { type Axis, axesOf, reach } from '../portable/window.ts';
import { kindOf } from './convolution.ts';
import { type Layouts, nchwc } from './layouts.ts';
import type { Rule } from './rule.ts';
import { plainDepthwiseWeight, plainStemWeight, plainWeight } from './weights.ts';

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
  return [{ plain: grad(layouts, x, dy, axes, shape) }];
};

type WeightGrad = (layouts: Layouts, x: string, dy: string, axes: readonly [Axis, Axis], shape: readonly number[]) => string;

/** What the end of an axis lacks for the last tap at the last place; below 0: rows that no tap reads. */
const missing = (axis: Axis): number => (axis.output - 1) * axis.stride + reach(axis) + 1 - axis.input - axis.begin;

/** Every sample and channel for itself: one depthwise convolution over [1, N·C, H, W]. */
const depthwiseGrad: WeightGrad = (layouts, x, dy, [rows, columns], shape) => {
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const pads = [0, rows.begin, columns.begin * block, 0, missing(rows), missing(columns) * block];
  const planes = padded(layouts, reshape(b, layouts.blocked(x), [(n * c) / block, h, w * block]), pads);
  const [, height, width] = b.shape(planes) as [number, number, number];
  const kernel = [rows.output, columns.output];
  const products = b.op(
    'Conv',
    [reshape(b, planes, [1, n * c, height, width / block]), reshape(b, layouts.blocked(dy), [n * c, 1, ...kernel])],
    { kernel_shape: kernel, dilations: [rows.stride, columns.stride], group: n * c },
    { domain: nchwc },
  );
  const taps = rows.kernel * columns.kernel;
  const sum = b.op('ReduceSum', [reshape(b, products, [n, c * taps]), b.ints([0])], { keepdims: 0 });
  return plainDepthwiseWeight(layouts, reshape(b, sum, [c / block, taps, block]), shape);
};

const denseGrad: WeightGrad = (layouts, x, dy, axes, shape) => {
  const { b, block } = layouts;
  const [n, c, h, w] = layouts.paddedShape(x) as [number, number, number, number];
  const lines = reshape(b, layouts.blocked(x), [n * (c / block) * h, w * block]);
  const products = rowProducts(layouts, { lines, samples: n, groups: c / block, channels: block, dy, axes });
  return plainWeight(layouts, products, shape);
};

/** x is plain: [N,C,H,W] → [N,H,W,C]. */
const stemGrad: WeightGrad = (layouts, x, dy, axes, shape) => {
  const { b } = layouts;
  const [n, c, h, w] = layouts.shape(x) as [number, number, number, number];
  const last = c === 1 ? layouts.plain(x) : b.op('Transpose', [layouts.plain(x)], { perm: [0, 2, 3, 1] });
  const lines = reshape(b, last, [n * h, w * c]);
  const products = rowProducts(layouts, { lines, samples: n, groups: 1, channels: c, dy, axes });
  return plainStemWeight(layouts, reshape(b, products, b.shape(products).slice(1)), shape);
};

interface RowProducts {
  /** x as [N · groups · H, W · channels] */
  readonly lines: string;
  readonly samples: number;
  /** Blocks of channels of x. */
  readonly groups: number;
  /** Channels of one block, which lie side by side in a line. */
  readonly channels: number;
  readonly dy: string;
  readonly axes: readonly [Axis, Axis];
}

/**
 * One convolution in which the samples are the channels that are summed up, some at a time (a group), the blocks of x's
 * channels the batch, dy the kernel. Along a line of x the columns of a block's channels lie side by side: a dilation by
 * stride · channels makes output column q · channels + c the sum for channel c at tap q, with no transposition of x.
 * Returns [blocks of C, blocks of K, kh·kw, channels, block of K].
 */
function rowProducts(layouts: Layouts, { lines, samples, groups, channels, dy, axes }: RowProducts): string {
  const { b, block } = layouts;
  const [rows, columns] = axes;
  // A group of fewer samples than a block makes onnxruntime read x as a plain value.
  const total = samples < block ? samples : layouts.padded(samples);
  const perGroup = samples < block ? samples : block / 2;
  const pads = [0, columns.begin * channels, (total - samples) * groups * rows.input, missing(columns) * channels];
  const wide = padded(layouts, lines, pads);
  const width = b.shape(wide)[1]!;
  const bySample = reshape(b, wide, [total, groups, rows.input * width]);
  const byGroup = groups === 1 ? bySample : b.op('Transpose', [bySample], { perm: [1, 0, 2] });
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

/** dy as weights: [samples / perGroup · K, perGroup, Ho, Wo]; and K. */
function sampleKernels(layouts: Layouts, dy: string, total: number, perGroup: number): readonly [string, number] {
  const { b, block } = layouts;
  const [n, k, ho, wo] = layouts.paddedShape(dy) as [number, number, number, number];
  const name = layouts.once(`kernels ${dy}`, () => {
    const all = padded(layouts, reshape(b, layouts.blocked(dy), [n, k * ho * wo]), [0, 0, total - n, 0]);
    const blocks = reshape(b, all, [total / perGroup, perGroup, k / block, ho * wo * block]);
    const turned = k === block ? blocks : b.op('Transpose', [blocks], { perm: [0, 2, 1, 3] });
    return reshape(b, turned, [(total / perGroup) * k, perGroup, ho, wo]);
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

/** Zeros around a value; negative numbers cut off. */
function padded({ b }: Layouts, value: string, pads: readonly number[]): string {
  return pads.every((size) => size === 0) ? value : b.op('Pad', [value, b.ints(pads)]);
}
