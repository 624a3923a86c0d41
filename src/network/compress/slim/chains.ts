import type { Graph, Node } from '../../ir/graph.ts';
import { readInt } from '../../ir/ops/support/attributes.ts';
import { readersOf } from '../../ir/rebuild.ts';
import { type ChannelGroup, channelGroups } from '../channels/groups.ts';

/** Channels that one convolution makes and one convolution reads, with all that happens to them in between. */
export interface Chain {
  readonly group: ChannelGroup;
  /** Activation [N, C, H, W] that the first convolution reads. */
  readonly source: string;
  /** From the first convolution on, in the order in which they run; the last two are the other one and, where it has one, its norm. */
  readonly nodes: readonly Node[];
  readonly consumer: Node;
  /** BatchNormalization of what the other convolution gives, where nothing else reads that. */
  readonly norm: Node | undefined;
}

const known = new WeakMap<Graph, readonly Chain[]>();

/** In the order of their first convolutions. */
export function chainsOf(graph: Graph): readonly Chain[] {
  const found = known.get(graph) ?? channelGroups(graph).flatMap((group) => chainOf(graph, group) ?? []);
  known.set(graph, found);
  return found;
}

function chainOf(graph: Graph, group: ChannelGroup): Chain | undefined {
  const { members, values, layers, channels } = group;
  const whole = [...members, ...values].every((each) => each.channels.length === channels && !each.channels.includes(-1));
  const [reader, ...others] = members.filter(({ role }) => role === 'consumer');
  const producer = graph.nodes.find(({ name }) => name === layers[0]);
  const consumer = reader && graph.nodes.find((node) => node.inputs[1] === reader.initializer);
  if (layers.length !== 1 || !whole || others.length > 0 || !isPlain(graph, producer) || !isPlain(graph, consumer))
    return undefined;
  const carried = new Set(values.map(({ value }) => value));
  const isInside = ({ inputs }: Node) => inputs.some((input) => carried.has(input));
  const inner = graph.nodes.filter((node) => node !== producer && node !== consumer && isInside(node));
  const isClosed = inner.every(
    ({ inputs, outputs }) =>
      inputs.every((input) => input === '' || carried.has(input) || graph.initializers[input]) &&
      outputs.length === 1 &&
      carried.has(outputs[0]!),
  );
  if (!isClosed || [...carried].some((value) => graph.outputs.includes(value))) return undefined;
  const norm = normOf(graph, consumer);
  const nodes = [producer, ...inner, consumer, ...(norm ? [norm] : [])];
  return { group, source: producer.inputs[0]!, nodes, consumer, norm };
}

/** A convolution over a plane, without groups, with weights of its own. */
const isPlain = (graph: Graph, node: Node | undefined): node is Node =>
  node?.op === 'Conv' &&
  node.domain === '' &&
  readInt(node, 'group', 1) === 1 &&
  graph.types[node.inputs[0]!]!.shape.length === 4 &&
  node.inputs.slice(1).every((name) => name === '' || graph.initializers[name] !== undefined);

function normOf(graph: Graph, { outputs }: Node): Node | undefined {
  const value = outputs[0]!;
  const [norm, ...others] = readersOf(graph).get(value) ?? [];
  const alone = others.length === 0 && !graph.outputs.includes(value);
  const constant = norm?.inputs.slice(1).every((name) => graph.initializers[name]);
  return norm?.op === 'BatchNormalization' && norm.domain === '' && alone && constant ? norm : undefined;
}
