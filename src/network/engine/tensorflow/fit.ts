import type { Node, Shape } from '../../ir/graph.ts';
import { windowOf } from '../../ir/ops/support/window.ts';
import { notCovered, type TensorFlow, type TfTensor } from './kernel.ts';
import { resized } from './resized.ts';

/**
 * A 2-D window over [N, H, W, C] whose input is padded, or cut, to exactly what the windows read. TensorFlow then
 * needs neither padding nor rounding, which it knows in other forms than ONNX.
 */
export interface Fit {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows and columns in front of the input, and behind it; below 0 where some are never read. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
}

type Pair = readonly [number, number];

/** `shape`: the input as in the graph, [N, C, H, W]. */
export function fitOf(node: Node, shape: Shape, kernel: readonly number[]): Fit {
  if (shape.length !== 4) throw notCovered(node, 'only two spatial dimensions are covered');
  const window = windowOf(node, shape, kernel);
  const extent = (i: number) => (kernel[i]! - 1) * window.dilations[i]! + 1;
  const read = (i: number) => (window.output[i]! - 1) * window.strides[i]! + extent(i);
  const pair = (of: (i: number) => number): Pair => [of(0), of(1)];
  return {
    kernel: pair((i) => kernel[i]!),
    strides: pair((i) => window.strides[i]!),
    dilations: pair((i) => window.dilations[i]!),
    before: pair((i) => window.pads[i]!),
    after: pair((i) => read(i) - shape[i + 2]! - window.pads[i]!),
    input: pair((i) => shape[i + 2]!),
    output: pair((i) => window.output[i]!),
  };
}

export const fitted = (tf: TensorFlow, x: TfTensor, { before, after }: Fit, value = 0): TfTensor =>
  resized(tf, x, [0, ...before, 0], [0, ...after, 0], value);

/** Takes the gradient of a fitted input back to the input. */
export const unfitted = (tf: TensorFlow, dx: TfTensor, { before, after }: Fit): TfTensor => {
  const minus = (size: number) => (size === 0 ? 0 : -size);
  return resized(tf, dx, [0, ...before.map(minus), 0], [0, ...after.map(minus), 0]);
};

/** Size of the fitted input. */
export const fittedSize = ({ input, before, after }: Fit): [number, number] => [
  input[0] + before[0] + after[0],
  input[1] + before[1] + after[1],
];
