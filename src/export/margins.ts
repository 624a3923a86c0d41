import type { Node, TensorType } from '../network/ir/graph.ts';
import { readInts } from '../network/ir/ops/support/attributes.ts';
import { countedPads, windowOf } from '../network/ir/ops/support/window.ts';

/** How far the windows of a node reach beyond the picture, per side [height, width]. */
export interface Margins {
  readonly before: readonly number[];
  /** What lies behind the last window is of no use, and is no part of it. */
  readonly after: readonly number[];
  /** TensorFlow's SAME padding is just that. */
  readonly isSame: boolean;
}

interface Walk {
  readonly kernel: readonly number[];
  readonly input: TensorType;
  readonly output: TensorType;
}

/** Of a convolution or pool over pictures [N, C, H, W] without `auto_pad`. */
export function marginsOf(node: Node, { kernel, input, output }: Walk): Margins {
  const size = input.shape.slice(2);
  const [strides, dilations] = ['strides', 'dilations'].map((name) => readInts(node, name) ?? kernel.map(() => 1));
  const beyond = (windows: number, i: number) =>
    Math.max(0, (windows - 1) * strides![i]! + (kernel[i]! - 1) * dilations![i]! + 1 - size[i]!);
  const windows = output.shape.slice(2);
  const before = (readInts(node, 'pads') ?? kernel.map(() => 0)).slice(0, kernel.length);
  const after = windows.map((count, i) => Math.max(0, beyond(count, i) - before[i]!));
  const isSame = windows.every((count, i) => {
    const all = Math.ceil(size[i]! / strides![i]!);
    return count === all && Math.floor(beyond(all, i) / 2) === before[i];
  });
  return { before, after, isSame };
}

/**
 * By how much the mean over a window is greater than one that takes zeros outside of the picture into account, [1, h, w, 1]:
 * the window's size by how much of it counts. Where padding counts, that behind it does not (a size that is rounded up).
 */
export function shareThatCounts(node: Node, walk: Walk): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const { before } = marginsOf(node, walk);
  const strides = readInts(node, 'strides') ?? walk.kernel.map(() => 1);
  const counted = countedPads(node, windowOf(node, walk.input.shape, walk.kernel));
  const [rows, columns] = walk.kernel.map((extent, i) =>
    Array.from({ length: walk.output.shape[2 + i]! }, (_, window) => {
      const start = window * strides[i]! - before[i]!;
      const [low, high] = [-counted[i]!, walk.input.shape[2 + i]! + counted[i + walk.kernel.length]!];
      return extent / (Math.min(start + extent, high) - Math.max(start, low));
    }),
  );
  const data = Float32Array.from(rows!.flatMap((row) => columns!.map((column) => row * column)));
  return { shape: [1, rows!.length, columns!.length, 1], data };
}
