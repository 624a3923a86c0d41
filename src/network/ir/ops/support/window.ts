import type { Node, Shape } from '../../graph.ts';
import { show } from '../../graph.ts';
import { readInt, readInts, readString } from './attributes.ts';
import { misfit } from './shapes.ts';

/** A sliding window over the spatial dimensions, with everything that ONNX lets a node leave out filled in. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin of every spatial axis, then end of every spatial axis. */
  readonly pads: readonly number[];
  /** Spatial output sizes. */
  readonly output: readonly number[];
}

/** The window of a convolution or pooling node over `input` ([N, C, …spatial]). */
export function windowOf(node: Node, input: Shape, kernel: readonly number[]): Window {
  const spatial = input.slice(2);
  const strides = readInts(node, 'strides') ?? kernel.map(() => 1);
  const dilations = readInts(node, 'dilations') ?? kernel.map(() => 1);
  if (kernel.length !== spatial.length || strides.length !== spatial.length || dilations.length !== spatial.length) {
    throw misfit(node, `a window ${show(kernel)} with strides ${show(strides)} over an input of shape ${show(input)}`);
  }
  const extents = kernel.map((size, i) => (size - 1) * dilations[i]! + 1);
  const pads = padsOf(node, spatial, strides, extents);
  const ceil = readInt(node, 'ceil_mode', 0) === 1;
  const output = spatial.map((size, i) => outputSize(size, extents[i]!, strides[i]!, pads[i]!, pads[i + spatial.length]!, ceil));
  if (output.some((size) => size < 1))
    throw misfit(node, `the window ${show(kernel)} is larger than the padded input ${show(input)}`);
  return { kernel, strides, dilations, pads, output };
}

function outputSize(size: number, extent: number, stride: number, begin: number, end: number, ceil: boolean): number {
  const steps = (size + begin + end - extent) / stride;
  if (!ceil) return Math.floor(steps) + 1;
  const rounded = Math.ceil(steps) + 1;
  // A window that would start in the end padding does not count (onnxruntime and PyTorch agree).
  return (rounded - 1) * stride >= size + begin ? rounded - 1 : rounded;
}

function padsOf(
  node: Node,
  spatial: readonly number[],
  strides: readonly number[],
  extents: readonly number[],
): readonly number[] {
  const mode = readString(node, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET') {
    const pads = readInts(node, 'pads') ?? [...spatial, ...spatial].map(() => 0);
    if (pads.length !== 2 * spatial.length) throw misfit(node, `pads ${show(pads)} for ${spatial.length} spatial dimensions`);
    return pads;
  }
  if (mode === 'VALID') return [...spatial, ...spatial].map(() => 0);
  const totals = spatial.map((size, i) => Math.max(0, (Math.ceil(size / strides[i]!) - 1) * strides[i]! + extents[i]! - size));
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, i) => total - small[i]!);
  return mode === 'SAME_LOWER' ? [...large, ...small] : [...small, ...large];
}

/**
 * How far beyond the image an average counts what it reads there, begins before ends: nowhere, or within the pads that were asked
 * for. What lies behind these, where a size is rounded up, never counts (onnxruntime and PyTorch agree).
 */
export const countedPads = (node: Node, { pads }: Window): readonly number[] =>
  readInts(node, 'counted_pads') ?? pads.map((size) => (readInt(node, 'count_include_pad', 0) === 1 ? size : 0));
