import { NasError } from '../../../core/errors.ts';
import { fakeQuantsOf } from '../../ir/fake-quant.ts';
import type { Graph, Node, Tensor, TensorData } from '../../ir/graph.ts';
import { dataArrays, elementCount } from '../../ir/graph.ts';
import { rebuild } from '../../ir/rebuild.ts';
import { isZeros, zeros } from '../../ir/zeros.ts';
import type { ChannelGroup } from './groups.ts';
import { ruleOf } from './rules.ts';

/** The channels of a group that stay, ascending. */
export interface Cut {
  readonly group: ChannelGroup;
  readonly keep: readonly number[];
}

/**
 * The graph without the channels that no cut keeps: every initializer of the groups is sliced, every type inferred
 * anew. Throws NasError COMPRESS_KEEP where a cut keeps nothing or channels that the group does not have.
 */
export function removeChannels(graph: Graph, cuts: readonly Cut[]): Graph {
  if (cuts.length === 0) return graph;
  const initializers = sliced(graph.initializers, cuts);
  return rebuild(graph, { nodes: resizedNodes(graph, initializers), initializers });
}

/** A graph's initializers, or what has their shapes, without the channels that no cut keeps. Throws as `removeChannels`. */
export function sliced(initializers: Graph['initializers'], cuts: readonly Cut[]): Graph['initializers'] {
  const rest: Record<string, Tensor> = { ...initializers };
  for (const [initializer, axes] of keptPositions(cuts)) {
    for (const [axis, kept] of axes) rest[initializer] = gather(rest[initializer]!, axis, kept);
  }
  return rest;
}

/** The nodes as they must be for initializers of other sizes. */
export function resizedNodes(graph: Graph, initializers: Graph['initializers']): readonly Node[] {
  const [before, after] = [throughFakeQuants(graph, graph.initializers), throughFakeQuants(graph, initializers)];
  return graph.nodes.map((node) => ruleOf(node)?.resize?.(node, before, after) ?? node);
}

/** Initializers by their own names, and by those under which layers read them. */
function throughFakeQuants(graph: Graph, initializers: Graph['initializers']): Graph['initializers'] {
  const quantizers = fakeQuantsOf(graph);
  if (quantizers.size === 0) return initializers;
  const read = [...quantizers].flatMap(([value, { inputs }]) => {
    const tensor = initializers[inputs[0]!];
    return tensor ? [[value, tensor] as const] : [];
  });
  return { ...initializers, ...Object.fromEntries(read) };
}

/** initializer → axis → positions that stay. Several groups may share an axis, after a Concat. */
function keptPositions(cuts: readonly Cut[]): Map<string, Map<number, number[]>> {
  const kept = new Map<string, Map<number, number[]>>();
  for (const { group, keep } of cuts) {
    const stays = new Set(keep);
    checkKeep(group, keep);
    for (const { initializer, axis, channels } of group.members) {
      const axes = kept.get(initializer) ?? new Map<number, number[]>();
      const before = axes.get(axis) ?? channels.map((_, position) => position);
      axes.set(
        axis,
        before.filter((position) => channels[position] === -1 || stays.has(channels[position]!)),
      );
      kept.set(initializer, axes);
    }
  }
  return kept;
}

function checkKeep(group: ChannelGroup, keep: readonly number[]): void {
  const ascending = keep.every(
    (channel, i) => Number.isInteger(channel) && channel > (keep[i - 1] ?? -1) && channel < group.channels,
  );
  if (keep.length > 0 && ascending) return;
  throw new NasError(
    'COMPRESS_KEEP',
    `group "${group.name}" has channels 0 to ${group.channels - 1}: cannot keep [${keep.join(', ')}]. Name at least one, in ascending order.`,
    { facts: { group: group.name, channels: group.channels, keep } },
  );
}

/** The slices of a tensor at the given positions of an axis. */
export function gather(tensor: Tensor, axis: number, positions: readonly number[]): Tensor {
  const shape = tensor.shape.with(axis, positions.length);
  if (isZeros(tensor)) return zeros(tensor.dtype, shape);
  const size = tensor.shape[axis]!;
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const outer = elementCount(tensor.shape.slice(0, axis));
  const data = new dataArrays[tensor.dtype](elementCount(shape));
  for (let o = 0; o < outer; o++) {
    positions.forEach((position, i) => {
      const from = (o * size + position) * inner;
      copy(tensor.data, from, from + inner, data, (o * positions.length + i) * inner);
    });
  }
  return { dtype: tensor.dtype, shape, data };
}

/** Both arrays are of one kind; the types do not know. */
function copy(source: TensorData, from: number, to: number, target: TensorData, at: number): void {
  target.set(source.subarray(from, to) as never, at);
}
