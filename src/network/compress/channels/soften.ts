import type { Graph } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import type { Weights } from '../technique.ts';
import type { ChannelGroup } from './groups.ts';

/**
 * Channels that are switched off in a network that keeps its shape (He et al. 2018, Soft Filter Pruning): every trained
 * parameter that makes them or goes along with them is 0, so that removing them afterwards changes nothing.
 */
export function clearChannels(graph: Graph, weights: Weights, group: ChannelGroup, gone: ReadonlySet<number>): void {
  for (const { initializer, axis, role, channels } of group.members) {
    const data = weights[initializer];
    if (role === 'consumer' || !data) continue;
    const inner = elementCount(graph.types[initializer]!.shape.slice(axis + 1));
    for (let i = 0; i < data.length; i++) if (gone.has(channels[Math.floor(i / inner) % channels.length]!)) data[i] = 0;
  }
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
