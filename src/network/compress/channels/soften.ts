import type { Graph } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { makersOf, readersOf } from '../../ir/rebuild.ts';
import type { Weights } from '../technique.ts';
import type { ChannelGroup } from './groups.ts';

/**
 * Channels that are switched off in a network that keeps its shape (He et al. 2018, Soft Filter Pruning): every trained
 * parameter that makes them or goes along with them is 0, and so is every weight that reads them behind an activation that is
 * not 0 at 0, so that removing them afterwards changes nothing.
 */
export function clearChannels(graph: Graph, weights: Weights, group: ChannelGroup, gone: ReadonlySet<number>): void {
  for (const { initializer, axis, role, channels } of group.members) {
    const data = weights[initializer];
    if (!data || (role === 'consumer' && !readsMoreThanZero(graph, initializer))) continue;
    const inner = elementCount(graph.types[initializer]!.shape.slice(axis + 1));
    for (let i = 0; i < data.length; i++) if (gone.has(channels[Math.floor(i / inner) % channels.length]!)) data[i] = 0;
  }
}

/** Ops that are not 0 where what they read is. */
const aboveZero = new Set(['Sigmoid', 'HardSigmoid', 'Exp', 'Softplus']);
const unary = new Set(['Flatten', 'Identity', 'Relu', 'AveragePool', 'GlobalAveragePool', 'MaxPool', 'Dropout']);

/** Whether what a layer's weights multiply comes straight from such an op. */
function readsMoreThanZero(graph: Graph, weight: string): boolean {
  const makers = makersOf(graph);
  const [reader] = readersOf(graph).get(weight) ?? [];
  let maker = reader && makers.get(reader.inputs[0]!);
  while (maker && unary.has(maker.op)) maker = makers.get(maker.inputs[0]!);
  return maker !== undefined && aboveZero.has(maker.op);
}

/** The channels of a group that are switched off. */
export function clearedChannels(graph: Graph, weights: Weights, group: ChannelGroup): ReadonlySet<number> {
  const alive = new Set<number>();
  for (const { initializer, axis, role, channels } of group.members) {
    const data = weights[initializer];
    if (role !== 'producer' || !data) continue;
    const inner = elementCount(graph.types[initializer]!.shape.slice(axis + 1));
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) alive.add(channels[Math.floor(i / inner) % channels.length]!);
  }
  return new Set(Array.from({ length: group.channels }, (_, c) => c).filter((c) => !alive.has(c)));
}
