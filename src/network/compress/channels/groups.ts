import type { Graph } from '../../ir/graph.ts';
import { type AxisLabel, Labels, type Role } from './labels.ts';
import { ruleOf } from './rules.ts';

/** An axis of an initializer that runs along the channels of a group. */
export interface GroupMember {
  readonly initializer: string;
  readonly axis: number;
  readonly role: Role;
  /** The group's channel at each position; -1 where another group's channel stands (after a Concat). */
  readonly channels: readonly number[];
}

/** Channels that several layers make together: residual branches, for example, must lose the same ones. */
export interface ChannelGroup {
  /** The name of its first layer. */
  readonly name: string;
  /** The layers that produce the channels, in the order in which they run. */
  readonly layers: readonly string[];
  readonly channels: number;
  readonly members: readonly GroupMember[];
  /** Activations that carry the channels along axis 1, in the order in which they are computed. */
  readonly values: readonly GroupValue[];
}

export interface GroupValue {
  readonly value: string;
  /** The group's channel at each position of the axis; -1 where another group's channel stands. */
  readonly channels: readonly number[];
}

const known = new WeakMap<Graph, readonly ChannelGroup[]>();

/**
 * The groups of channels that can be removed, in the order of their first layers. Channels that reach an input or an
 * output of the graph, or an op of which is not known how it carries them, are in none.
 */
export function channelGroups(graph: Graph): readonly ChannelGroup[] {
  const groups = known.get(graph) ?? findGroups(label(graph));
  known.set(graph, groups);
  return groups;
}

function label(graph: Graph): Labels {
  const labels = new Labels(graph);
  for (const node of graph.nodes) {
    const rule = node.outputs.length === 1 ? ruleOf(node) : undefined;
    if (rule) rule.label(labels, node);
    else labels.refuse(node);
  }
  for (const output of graph.outputs) labels.pin(labels.of(output)?.atoms ?? []);
  return labels;
}

/** Channels made by one layer are one group, and so are those of layers that share a channel. */
function findGroups(labels: Labels): ChannelGroup[] {
  const axes = labels.axisLabels();
  const producers = axes.filter(({ role }) => role === 'producer');
  const groupOf = new Map<number, Set<AxisLabel>>();
  for (const producer of producers) {
    const roots = producer.atoms.map((atom) => labels.root(atom));
    const joined = new Set([...roots.flatMap((root) => [...(groupOf.get(root) ?? [])]), producer]);
    for (const { atoms } of joined) for (const atom of atoms) groupOf.set(labels.root(atom), joined);
  }
  const groups = [...new Set(producers.map((producer) => groupOf.get(labels.root(producer.atoms[0]!))!))];
  return groups.flatMap((group) => describe(labels, inOrder(axes, group), axes) ?? []);
}

/** Axes were labelled in the order of the nodes. */
const inOrder = (axes: readonly AxisLabel[], group: ReadonlySet<AxisLabel>) => axes.filter((axis) => group.has(axis));

/** undefined where one of the channels must stay. */
function describe(labels: Labels, producers: readonly AxisLabel[], axes: readonly AxisLabel[]): ChannelGroup | undefined {
  const channelOf = new Map<number, number>();
  for (const { atoms } of producers) {
    if (atoms.some((atom) => labels.isPinned(atom))) return undefined;
    for (const atom of atoms) {
      const root = labels.root(atom);
      if (!channelOf.has(root)) channelOf.set(root, channelOf.size);
    }
  }
  const channelsAt = (atoms: readonly number[]) => atoms.map((atom) => channelOf.get(labels.root(atom)) ?? -1);
  const isOwn = ({ channels }: { readonly channels: readonly number[] }) => channels.some((channel) => channel >= 0);
  const members = axes
    .map(({ initializer, axis, role, atoms }) => ({ initializer, axis, role, channels: channelsAt(atoms) }))
    .filter(isOwn);
  const values = labels
    .valueLabels()
    .filter(({ axis }) => axis === 1)
    .map(({ value, atoms }) => ({ value, channels: channelsAt(atoms) }))
    .filter(isOwn);
  const layers = [...new Set(producers.flatMap((producer) => producer.layers))];
  return { name: layers[0]!, layers, channels: channelOf.size, members, values };
}
