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
  const free = groups.map((group) => inOrder(axes, group)).filter((group) => !isHeld(labels, group));
  return describe(labels, free);
}

/** Axes were labelled in the order of the nodes. */
const inOrder = (axes: readonly AxisLabel[], group: ReadonlySet<AxisLabel>) => axes.filter((axis) => group.has(axis));

/** Whether one of the channels that layers produce must stay. */
const isHeld = (labels: Labels, producers: readonly AxisLabel[]) =>
  producers.some(({ atoms }) => atoms.some((atom) => labels.isPinned(atom)));

/** A group while what carries its channels is found. */
interface Open extends ChannelGroup {
  readonly members: GroupMember[];
  readonly values: GroupValue[];
}

/** The groups of some layers each, in one walk over all that carries channels. */
function describe(labels: Labels, groups: readonly (readonly AxisLabel[])[]): ChannelGroup[] {
  /** By the root of a channel. */
  const groupAt: Open[] = [];
  const channelAt: number[] = [];
  const open = groups.map((producers): Open => {
    const roots = new Set(producers.flatMap(({ atoms }) => atoms.map((atom) => labels.root(atom))));
    const layers = [...new Set(producers.flatMap((producer) => producer.layers))];
    const group = { name: layers[0]!, layers, channels: roots.size, members: [], values: [] };
    for (const [channel, root] of [...roots].entries()) [groupAt[root], channelAt[root]] = [group, channel];
    return group;
  });
  /** Each group that has channels on an axis, and at each position its channel. */
  const carriedBy = (atoms: readonly number[]) => {
    const roots = atoms.map((atom) => labels.root(atom));
    const carried = new Set(roots.map((root) => groupAt[root]));
    carried.delete(undefined);
    const channelsOf = (group: Open) => roots.map((root) => (groupAt[root] === group ? channelAt[root]! : -1));
    return [...(carried as Set<Open>)].map((group) => ({ group, channels: channelsOf(group) }));
  };
  for (const { initializer, axis, role, atoms } of labels.axisLabels()) {
    for (const { group, channels } of carriedBy(atoms)) group.members.push({ initializer, axis, role, channels });
  }
  for (const { value, axis, atoms } of labels.valueLabels()) {
    if (axis === 1) for (const { group, channels } of carriedBy(atoms)) group.values.push({ value, channels });
  }
  return open;
}
