import { capturesOf, readsOf } from './bodies.ts';
import { Builder, type Scope } from './builder.ts';
import type { Graph, Node } from './graph.ts';

/**
 * The graph with other nodes, initializers or outputs: every type inferred anew, initializers that nothing reads left out.
 * A body keeps what it reads from outside. Throws what shape inference throws where the parts no longer fit.
 */
export function rebuild(graph: Graph, change: Partial<Pick<Graph, 'nodes' | 'initializers' | 'outputs'>>): Graph {
  const { nodes = graph.nodes, initializers = graph.initializers, outputs = graph.outputs } = change;
  const b = new Builder(graph.name, outsideOf(graph));
  for (const { name, type } of graph.inputs) b.input(name, type);
  const used = readBy(nodes, outputs);
  for (const name in initializers) if (used.has(name)) b.initializer(name, initializers[name]!);
  for (const node of nodes) b.add(node);
  return b.finish(outputs);
}

/** What a body reads from outside, as far as it knows itself: types, no constants. A graph with inputs is no body. */
function outsideOf(graph: Graph): Scope | undefined {
  if (graph.inputs.length > 0) return undefined;
  const outside = new Set(capturesOf(graph));
  return { typeOf: (value) => (outside.has(value) ? graph.types[value] : undefined), constantOf: () => undefined };
}

function readBy(nodes: readonly Node[], outputs: readonly string[]): ReadonlySet<string> {
  const read = new Set(outputs);
  for (const node of nodes) for (const name of readsOf(node)) read.add(name);
  return read;
}

const knownReaders = new WeakMap<Graph, ReadonlyMap<string, readonly Node[]>>();

/** The nodes that read each value, once each. Graph outputs are not in it. Kept per graph. */
export function readersOf(graph: Graph): ReadonlyMap<string, readonly Node[]> {
  const readers = knownReaders.get(graph) ?? findReaders(graph);
  knownReaders.set(graph, readers);
  return readers;
}

const knownMakers = new WeakMap<Graph, ReadonlyMap<string, Node>>();

/** The node that gives each value; inputs and initializers have none. Kept per graph. */
export function makersOf(graph: Graph): ReadonlyMap<string, Node> {
  const makers = knownMakers.get(graph) ?? new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  knownMakers.set(graph, makers);
  return makers;
}

function findReaders(graph: Graph): ReadonlyMap<string, readonly Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const name of new Set(readsOf(node))) {
      const others = readers.get(name);
      if (others) others.push(node);
      else readers.set(name, [node]);
    }
  }
  return readers;
}
