import { createRng } from '../../../core/rng.ts';
import type { Graph, Tensor } from '../../ir/graph.ts';
import { elementCount } from '../../ir/graph.ts';
import { rebuild } from '../../ir/rebuild.ts';
import { isZeros } from '../../ir/zeros.ts';
import type { Findings } from '../technique.ts';
import type { ChannelGroup, GroupMember } from './groups.ts';
import { effectsAfter } from './importance.ts';
import { gather, resizedNodes } from './remove.ts';
import { changedGradients, pickedFrom } from './restate.ts';

/** More channels for a group. The network computes what it did before. */
export interface Growth {
  readonly group: ChannelGroup;
  /** Of channels afterwards. */
  readonly count: number;
  /**
   * split: every new channel is the copy of one that is there, and whoever reads them shares its weights out among the copies,
   * unevenly, so that training can tell them apart (Chen et al. 2016, Net2Net). fresh: new filters, drawn as large as the
   * layer's own, which nobody reads yet: the weights that read them are 0.
   */
  readonly how: 'split' | 'fresh';
}

/** Whether it is known where new channels belong on every axis of the group. */
export const canGrow = ({ channels, members }: ChannelGroup): boolean =>
  members.every((member) => placesOf(member.channels, channels, []) !== undefined);

/** A place of an axis afterwards: the place before that it is taken from, and the channel it belongs to; -1: another group's. */
interface Place {
  readonly from: number;
  readonly channel: number;
}

/**
 * New channels stand behind the last one. An axis may hold all channels several times over, each of them several places long
 * (behind a Flatten, or with a multiplier). undefined where it holds them otherwise: a part of them (a Concat), another order.
 */
function placesOf(positions: readonly number[], channels: number, sources: readonly number[]): readonly Place[] | undefined {
  const places: Place[] = [];
  for (let at = 0; at < positions.length; ) {
    if (positions[at] === -1) {
      places.push({ from: at++, channel: -1 });
      continue;
    }
    const next = positions.findIndex((channel, i) => i > at && channel !== 0);
    const run = (next === -1 ? positions.length : next) - at;
    const start = at;
    const fits = positions.slice(start, start + run * channels).every((channel, i) => channel === Math.floor(i / run));
    // Of a single channel nothing tells whether it is long or there several times.
    if (!fits || start + run * channels > positions.length || (channels === 1 && run > 1)) return undefined;
    for (let i = 0; i < run * channels; i++) places.push({ from: start + i, channel: Math.floor(i / run) });
    for (const [n, source] of sources.entries())
      for (let i = 0; i < run; i++) places.push({ from: start + source * run + i, channel: channels + n });
    at = start + run * channels;
  }
  return places;
}

/** The channel that each new one is taken from: all in turn. */
const sourcesOf = ({ group: { channels }, count }: Growth): readonly number[] =>
  Array.from({ length: count - channels }, (_, n) => n % channels);

/** What each channel counts for of the one it is a copy of: 1, or parts of 1 that rise from copy to copy. */
function sharesOf(growth: Growth): readonly number[] {
  const { channels } = growth.group;
  const originals = [...Array.from({ length: channels }, (_, c) => c), ...sourcesOf(growth)];
  const copies = originals.map((original) => originals.filter((other) => other === original).length);
  const rank = originals.map((original, c) => originals.slice(0, c + 1).filter((other) => other === original).length);
  return originals.map((_, c) => (2 * rank[c]!) / (copies[c]! * (copies[c]! + 1)));
}

/** The graph with more channels in the group. Nothing else about it changes. */
export function growChannels(graph: Graph, growth: Growth): Graph {
  const initializers = { ...graph.initializers };
  for (const member of growth.group.members) {
    const tensor = initializers[member.initializer]!;
    initializers[member.initializer] = isZeros(tensor) ? spread(tensor, member, growth) : grown(tensor, member, growth);
  }
  return rebuild(graph, { nodes: resizedNodes(graph, initializers), initializers });
}

const spread = (tensor: Tensor, member: GroupMember, growth: Growth): Tensor =>
  gather(
    tensor,
    member.axis,
    placesOfMember(member, growth).map(({ from }) => from),
  );

const placesOfMember = ({ channels }: GroupMember, growth: Growth): readonly Place[] =>
  placesOf(channels, growth.group.channels, sourcesOf(growth))!;

/** Consumers share out what they read, or read 0 of what is new; new filters are drawn; what goes along is copied. */
function grown(tensor: Tensor, member: GroupMember, growth: Growth): Tensor {
  const copied = spread(tensor, member, growth);
  const isNew = (channel: number) => channel >= growth.group.channels;
  if (growth.how === 'fresh') {
    if (member.role === 'consumer') return scaledAlong(copied, member, growth, (channel) => (isNew(channel) ? 0 : 1));
    return member.role === 'producer' ? redrawn(copied, member, growth, isNew) : copied;
  }
  if (member.role !== 'consumer') return copied;
  const shares = sharesOf(growth);
  return scaledAlong(copied, member, growth, (channel) => shares[channel] ?? 1);
}

function scaledAlong(tensor: Tensor, member: GroupMember, growth: Growth, factor: (channel: number) => number): Tensor {
  const factors = placesOfMember(member, growth).map(({ channel }) => factor(channel));
  const inner = elementCount(tensor.shape.slice(member.axis + 1));
  const data = (tensor.data as Float32Array).map((value, i) => value * factors[Math.floor(i / inner) % factors.length]!);
  return { ...tensor, data };
}

function redrawn(tensor: Tensor, member: GroupMember, growth: Growth, isNew: (channel: number) => boolean): Tensor {
  const values = tensor.data as Float32Array;
  const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const rng = createRng('width', member.initializer);
  const fresh = scaledAlong({ ...tensor, data: new Float32Array(values.length).fill(1) }, member, growth, (channel) =>
    Number(isNew(channel)),
  ).data;
  return { ...tensor, data: values.map((value, i) => (fresh[i] ? size * rng.normal() : value)) };
}

/**
 * The findings about `graph` once the group has grown. Copies have the gradients of what they were copied from, times the share
 * that is read of them; those of what nobody reads yet are 0.
 */
export function findingsAfterGrowth(graph: Graph, growth: Growth, findings: Findings): Findings {
  const { group, how } = growth;
  const shares = sharesOf(growth);
  const slope = (role: GroupMember['role'], channel: number) => {
    if (how === 'fresh') return channel >= group.channels ? 0 : 1;
    return role === 'consumer' ? 1 : (shares[channel] ?? 1);
  };
  const changed = (each: Graph): Graph['initializers'] => {
    const initializers = { ...each.initializers };
    for (const member of group.members) {
      const copied = spread(initializers[member.initializer]!, member, growth);
      initializers[member.initializer] = isZeros(copied)
        ? copied
        : scaledAlong(copied, member, growth, (channel) => slope(member.role, channel));
    }
    return initializers;
  };
  const activity = group.values.flatMap(({ value, channels }) => {
    const places = findings.activity[value] && placesOf(channels, group.channels, sourcesOf(growth));
    return places
      ? [
          [
            value,
            pickedFrom(
              findings.activity[value]!,
              places.map(({ from }) => from),
            ),
          ] as const,
        ]
      : [];
  });
  const originals = [...Array.from({ length: group.channels }, (_, c) => c), ...sourcesOf(growth)];
  return {
    gradients: findings.gradients.map((batch) => changedGradients(graph, batch, changed)),
    activity: { ...findings.activity, ...Object.fromEntries(activity) },
    effects: effectsAfter(findings.effects, group, originals),
  };
}
