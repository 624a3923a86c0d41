import { NasError } from '../../../core/errors.ts';
import { allNodes, allTypes, readsOf } from '../bodies.ts';
import type { Graph, Node, Tensor } from '../graph.ts';
import { makersOf, readersOf, rebuild } from '../rebuild.ts';
import { deadCode } from './dead-code.ts';

/**
 * The graph with an If in place of a Where (by its name) that chooses by one bool: whatever only one of the two values needs
 * moves into that branch, weights included, and so runs only when it is chosen. The numbers stay what they were.
 *
 * DequantizeLinear is repeated in a branch that reads it: runtimes fuse it with its neighbours, but only inside of one graph.
 *
 * @throws NasError IR_NAME where there is no such Where.
 */
export function lazy(graph: Graph, name: string): Graph {
  const choice = graph.nodes.find((node) => node.name === name && node.op === 'Where');
  if (!choice) throw new NasError('IR_NAME', `graph "${graph.name}" has no Where "${name}"`);
  const [condition, yes, no] = choice.inputs as [string, string, string];
  const makers = makersOf(graph);
  const always = neededFor(makers, [...graph.outputs, condition], choice);
  const [forYes, forNo] = [neededFor(makers, [yes]), neededFor(makers, [no])];
  const only = (own: ReadonlySet<Node>, other: ReadonlySet<Node>) =>
    graph.nodes.filter((node) => own.has(node) && !other.has(node) && !always.has(node));
  const [yesNodes, noNodes] = [only(forYes, forNo), only(forNo, forYes)];
  const moved = new Set([...yesNodes, ...noNodes]);
  const taken = new Set([...Object.keys(allTypes(graph)), ...allNodes(graph).map((node) => node.name)]);
  const branchOf = (part: string, nodes: readonly Node[], value: string) =>
    bodyOf(graph, { name: `${name}.${part}`, nodes, value, taken });
  const bodies = { then_branch: branchOf('then', yesNodes, yes), else_branch: branchOf('else', noNodes, no) };
  const attributes = Object.fromEntries(Object.entries(bodies).map(([key, value]) => [key, { kind: 'graph', value } as const]));
  const decision: Node = { ...choice, op: 'If', inputs: [condition], attributes };
  const nodes = graph.nodes.filter((node) => !moved.has(node)).map((node) => (node === choice ? decision : node));
  return deadCode(rebuild({ ...graph, initializers: withoutOwn(graph, Object.values(bodies)) }, { nodes }));
}

type Makers = ReadonlyMap<string, Node>;

/** The nodes that values take, directly or not; of `choice` only the condition is followed. */
function neededFor(makers: Makers, values: readonly string[], choice?: Node): ReadonlySet<Node> {
  const needed = new Set<Node>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = makers.get(value);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    open.push(...(node === choice ? [node.inputs[0]!] : readsOf(node)));
  }
  return needed;
}

interface Branch {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** What it gives. */
  readonly value: string;
  /** All names of the graph; grows. */
  readonly taken: Set<string>;
}

/** A branch without types: they are inferred where it stands. */
function bodyOf(graph: Graph, { name, nodes, value, taken }: Branch): Graph {
  const reads = [...nodes.flatMap(readsOf), value];
  const makers = makersOf(graph);
  const own = new Set(nodes);
  const copies = new Map<string, Node>();
  for (const read of reads) {
    const maker = makers.get(read);
    if (maker?.op !== 'DequantizeLinear' || own.has(maker)) continue;
    const copy = fresh(`${name}/${read}`, taken);
    copies.set(read, { ...maker, name: copy, outputs: [copy] });
  }
  const swap = (read: string) => copies.get(read)?.outputs[0] ?? read;
  const inside = [...copies.values(), ...nodes.map((node) => ({ ...node, inputs: node.inputs.map(swap) }))];
  const result = swap(value);
  const made = inside.some(({ outputs }) => outputs.includes(result));
  const passed = made ? [] : [identity(result, fresh(`${name}/value`, taken))];
  const all = [...inside, ...passed];
  const outputs = [made ? result : passed[0]!.outputs[0]!];
  return { name, inputs: [], outputs, initializers: ownConstants(graph, nodes), nodes: all, types: {} };
}

/** A branch must give a value of its own. */
const identity = (value: string, name: string): Node => ({
  op: 'Identity',
  domain: '',
  name,
  inputs: [value],
  outputs: [name],
  attributes: {},
});

function fresh(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let n = 2; taken.has(name); n++) name = `${wish}_${n}`;
  taken.add(name);
  return name;
}

/** The initializers that only these nodes read. */
function ownConstants(graph: Graph, nodes: readonly Node[]): Record<string, Tensor> {
  const inside = new Set(nodes);
  const readers = readersOf(graph);
  const isOwn = (name: string) => !graph.outputs.includes(name) && (readers.get(name) ?? []).every((node) => inside.has(node));
  return Object.fromEntries(Object.entries(graph.initializers).filter(([name]) => readers.has(name) && isOwn(name)));
}

function withoutOwn({ initializers }: Graph, bodies: readonly Graph[]): Graph['initializers'] {
  const own = new Set(bodies.flatMap((body) => Object.keys(body.initializers)));
  return Object.fromEntries(Object.entries(initializers).filter(([name]) => !own.has(name)));
}
