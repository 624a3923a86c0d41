import { elementCount, type Graph, type Node, type Tensor } from '../../ir/graph.ts';
import { type Layer, layersOf } from '../../ir/layers.ts';
import { readInt } from '../../ir/ops/support/attributes.ts';
import { readersOf } from '../../ir/rebuild.ts';
import { isZeros } from '../../ir/zeros.ts';

/** Ops with f(s · x) = s · f(x) for every s above 0, channel by channel. */
const homogeneous = new Set([
  'Relu',
  'LeakyRelu',
  'PRelu',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Flatten',
  'Identity',
]);

/** Two layers, one behind the other, that can share out their channels' scales. */
export interface Pair {
  readonly first: Layer;
  readonly second: Layer;
  readonly channels: number;
  /** Axis of the second layer's weights that counts what it reads. */
  readonly inputAxis: number;
}

/** Channels that lie last, as those of rows in a list do, have no places of their own behind these. */
const mixes = ({ types }: Graph, { op, inputs }: Node): boolean =>
  types[inputs[0]!]!.shape.length === 3 && (op === 'Flatten' || op.endsWith('Pool'));

/** The first node behind a layer that is not homogeneous, where everything on the way is read once. */
function endOf(graph: Graph, readers: ReadonlyMap<string, readonly Node[]>, layer: Node, passes = homogeneous): Node | undefined {
  let value = layer.outputs[0]!;
  for (;;) {
    const [next, ...others] = readers.get(value) ?? [];
    if (!next || others.length > 0 || graph.outputs.includes(value) || next.domain !== '' || next.inputs[0] !== value)
      return undefined;
    if (!passes.has(next.op) || next.outputs.length > 1 || mixes(graph, next)) return next;
    value = next.outputs[0]!;
  }
}

/** Layers of a network, BatchNormalization folded or not, whose result is cut off above (ReLU6): scales cannot pass that. */
export function clippedLayers(graph: Graph): ReadonlySet<string> {
  const readers = readersOf(graph);
  const passes = new Set([...homogeneous, 'BatchNormalization']);
  return new Set(layersOf(graph).flatMap(({ name, node }) => (endOf(graph, readers, node, passes)?.op === 'Clip' ? [name] : [])));
}

/** The pairs of a folded network, in the order of their first layers. Weights are read by their own layer alone. */
export function pairsOf(graph: Graph): readonly Pair[] {
  const readers = readersOf(graph);
  const layers = new Map(layersOf(graph).map((layer) => [layer.name, layer]));
  const isOwn = ({ node, weight }: Layer) => node.inputs[1] === weight && readers.get(weight)!.length === 1;
  return [...layers.values()].flatMap((first) => {
    const second = layers.get(endOf(graph, readers, first.node)?.name ?? '');
    if (!second || !isOwn(first) || !isOwn(second) || !hasOwnBias(graph, readers, first)) return [];
    const channels = graph.types[first.weight]!.shape[first.outputAxis]!;
    const inputAxis = inputAxisOf(graph, second, channels);
    return inputAxis === undefined ? [] : [{ first, second, channels, inputAxis }];
  });
}

function hasOwnBias(graph: Graph, readers: ReadonlyMap<string, readonly Node[]>, { node }: Layer): boolean {
  const bias = node.inputs[2];
  return !bias || (graph.initializers[bias]?.shape.length === 1 && readers.get(bias)!.length === 1);
}

/** undefined where channels are not read one by one (groups), or by nothing that has weights for them. */
function inputAxisOf(graph: Graph, { node, weight, outputAxis }: Layer, channels: number): number | undefined {
  const { shape } = graph.types[weight]!;
  const group = readInt(node, 'group', 1);
  if (node.op === 'Conv' && group > 1) return group === channels && shape[0] === channels ? 0 : undefined;
  if (readInt(node, 'transA', 0) !== 0) return undefined;
  const axis = 1 - outputAxis;
  return shape[axis]! % channels === 0 ? axis : undefined;
}

/** Rounds over all pairs: a layer between two others is in two of them. */
const rounds = 20;

/**
 * Cross-layer equalization (Nagel et al. 2019, Data-Free Quantization Through Weight Equalization and Bias Correction): where
 * one layer's channels have weights of very different sizes, they are scaled, and the next layer's weights for them the other
 * way, until both have the same ranges, √(r₁ · r₂). The network computes the same; its weights lose less in one scale for all.
 */
export function equalized(graph: Graph, pairs: readonly Pair[]): Graph {
  const whole = pairs.filter(({ first, second }) => [first, second].every(({ weight }) => !isZeros(graph.initializers[weight]!)));
  if (whole.length === 0) return graph;
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  for (let round = 0; round < rounds; round++) {
    for (const { first, second, channels, inputAxis } of whole) {
      const [own, next] = [initializers[first.weight]!, initializers[second.weight]!];
      const ranges = [rangesOf(own, first.outputAxis, channels), rangesOf(next, inputAxis, channels)] as const;
      const scales = ranges[0].map((range, c) => (range > 0 && ranges[1][c]! > 0 ? Math.sqrt(range / ranges[1][c]!) : 1));
      const inverse = scales.map((scale) => 1 / scale);
      initializers[first.weight] = scaledAlong(own, first.outputAxis, inverse);
      initializers[second.weight] = scaledAlong(next, inputAxis, scales);
      const bias = first.node.inputs[2];
      if (bias) initializers[bias] = scaledAlong(initializers[bias]!, 0, inverse);
    }
  }
  return { ...graph, initializers };
}

/** The channel of each number: an axis may give each several places in a row (behind a Flatten). */
function channelAt(shape: readonly number[], axis: number, channels: number): (i: number) => number {
  const inner = elementCount(shape.slice(axis + 1));
  const run = shape[axis]! / channels;
  return (i) => Math.floor((Math.floor(i / inner) % shape[axis]!) / run);
}

/** Largest magnitude per channel. */
function rangesOf({ shape, data }: Tensor, axis: number, channels: number): Float64Array {
  const channel = channelAt(shape, axis, channels);
  const ranges = new Float64Array(channels);
  (data as Float32Array).forEach((value, i) => {
    ranges[channel(i)] = Math.max(ranges[channel(i)]!, Math.abs(value));
  });
  return ranges;
}

function scaledAlong(tensor: Tensor, axis: number, factors: Float64Array): Tensor {
  const channel = channelAt(tensor.shape, axis, factors.length);
  return { ...tensor, data: (tensor.data as Float32Array).map((value, i) => value * factors[channel(i)]!) };
}
