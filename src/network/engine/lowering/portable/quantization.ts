import { type Builder, float } from '../../../ir/builder.ts';
import { elementCount, type Node, type Tensor } from '../../../ir/graph.ts';
import { readInt } from '../../../ir/ops/support/attributes.ts';
import { reshape } from '../../../ir/ops/support/gradients.ts';
import { axisOf, range } from '../../../ir/ops/support/shapes.ts';
import type { Emission } from '../lowering.ts';

/** A scale that training pushed to 0 or below quantizes everything to 0, but divides nothing by 0. */
const leastScale = 1e-8;

/** Steep enough that every normal float32 above 0 becomes 1. */
const steepness = 1e38;

/**
 * By way of real integers: QuantizeLinear rounds and saturates as the exported file will, and the pair takes less than
 * half the time of Div, Round, Clip and Mul (measured: 0.5 against 1.3 ms for 1.6 million numbers).
 */
export const fakeQuant: Emission = ({ b, node }) => [quantized(b, node, node.inputs[0]!, node.inputs[1]!)];

const safe = (b: Builder, scale: string) => b.op('Max', [scale, b.scalar(leastScale)]);

/** The node's work on values that its inputs are known by. */
export function quantized(b: Builder, node: Node, x: string, step: string): string {
  const scale = safe(b, step);
  const [low, high] = [readInt(node, 'low', 0), readInt(node, 'high', 255)];
  const unsigned = high - low === 255;
  const shape = b.shape(scale);
  const axis = shape.length === 0 ? {} : { axis: readInt(node, 'axis', 1) };
  const inside = unsigned ? x : clipped(b, x, aligned(b, node, x, scale), { low, high });
  const zero: Tensor = unsigned
    ? { dtype: 'uint8', shape, data: new Uint8Array(elementCount(shape)).fill(-low) }
    : { dtype: 'int8', shape, data: new Int8Array(elementCount(shape)) };
  const parameters = [scale, b.initializer(b.fresh(`${b.scope}zero`), zero)];
  return b.op('DequantizeLinear', [b.op('QuantizeLinear', [inside, ...parameters], axis), ...parameters], axis);
}

interface Levels {
  readonly low: number;
  readonly high: number;
}

const clipped = (b: Builder, x: string, scale: string, { low, high }: Levels): string =>
  b.op('Min', [b.op('Max', [x, b.op('Mul', [scale, b.scalar(low)])]), b.op('Mul', [scale, b.scalar(high)])]);

/** The scale so that it broadcasts against x. */
function aligned(b: Builder, node: Node, x: string, scale: string): string {
  const shape = b.shape(x);
  if (b.shape(scale).length === 0) return scale;
  const axis = axisOf(node, readInt(node, 'axis', 1), shape.length);
  return reshape(
    b,
    scale,
    shape.map((size, i) => (i === axis ? size : 1)),
  );
}

/** dScale = (Σ dy · y − Σ dx · x) / scale: y and dx know already where x lies. */
export const fakeQuantGrad: Emission = ({ b, node }) => quantizedGrads(b, node, node.inputs);

/** The node's work on values that its inputs are known by. */
export function quantizedGrads(b: Builder, node: Node, inputs: readonly string[]): readonly [dx: string, dScale: string] {
  const [dy, x, y, scale] = inputs as [string, string, string, string];
  const positive = safe(b, scale);
  const step = aligned(b, node, x, positive);
  const dx = gatedToRange(b, dy, x, step, { low: readInt(node, 'low', 0), high: readInt(node, 'high', 255) });
  const axis = () => axisOf(node, readInt(node, 'axis', 1), b.shape(x).length);
  const total = (left: string, right: string) =>
    b.shape(scale).length === 0 ? dot(b, left, right) : channelDot(b, left, right, axis());
  return [dx, b.op('Div', [b.op('Sub', [total(dy, y), total(dx, x)]), positive])];
}

/** dy where x is rounded to an integer of the range, else 0. */
function gatedToRange(b: Builder, dy: string, x: string, step: string, { low, high }: Levels): string {
  const within = (distance: string) => b.op('HardSigmoid', [distance], { alpha: float(steepness), beta: float(0) });
  const below = b.op('Mul', [dy, within(b.op('Sub', [b.op('Mul', [step, b.scalar(high + 0.5)]), x]))]);
  if (low === 0) return below;
  return b.op('Mul', [below, within(b.op('Sub', [x, b.op('Mul', [step, b.scalar(low - 0.5)])]))]);
}

/** []: Σ x · y, sample by sample in one pass. */
function dot(b: Builder, x: string, y: string): string {
  const [n] = b.shape(x) as [number];
  const rows = (value: string) => reshape(b, value, [n, 1, elementCount(b.shape(x)) / n]);
  const dots = b.op('FusedMatMul', [rows(x), rows(y)], { transB: 1 }, { domain: 'com.microsoft' });
  return b.op('ReduceSum', [dots], { keepdims: 0 });
}

/** [C]: Σ x · y over all axes but one. */
function channelDot(b: Builder, x: string, y: string, axis: number): string {
  const others = range(0, b.shape(x).length).filter((each) => each !== axis);
  return b.op('ReduceSum', [b.op('Mul', [x, y]), b.ints(others)], { keepdims: 0 });
}
