import { capturesOf, readsOf } from './bodies.ts';
import { Builder, type Scope } from './builder.ts';
import type { Graph, Node, Tensor } from './graph.ts';

/**
 * The graph with other nodes, initializers or outputs: every type inferred anew, initializers that nothing reads left out.
 * A body keeps what it reads from outside. Throws what shape inference throws where the parts no longer fit.
 */
export function rebuild(graph: Graph, change: Partial<Pick<Graph, 'nodes' | 'initializers' | 'outputs'>>): Graph {
  const { nodes = graph.nodes, initializers = graph.initializers, outputs = graph.outputs } = change;
  const b = new Builder(graph.name, outsideOf(graph));
  for (const { name, type } of graph.inputs) b.input(name, type);
  for (const [name, tensor] of Object.entries(usedBy(nodes, outputs, initializers))) b.initializer(name, tensor);
  for (const node of nodes) b.add(node);
  return b.build(outputs);
}

/** What a body reads from outside, as far as it knows itself: types, no constants. A graph with inputs is no body. */
function outsideOf(graph: Graph): Scope | undefined {
  if (graph.inputs.length > 0) return undefined;
  const outside = new Set(capturesOf(graph));
  return { typeOf: (value) => (outside.has(value) ? graph.types[value] : undefined), constantOf: () => undefined };
}

function usedBy(nodes: readonly Node[], outputs: readonly string[], initializers: Graph['initializers']): Record<string, Tensor> {
  const used = new Set([...outputs, ...nodes.flatMap(readsOf)]);
  return Object.fromEntries(Object.entries(initializers).filter(([name]) => used.has(name)));
}

/** The nodes that read each value. Graph outputs are not in it. */
export function readersOf(graph: Graph): Map<string, Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const name of new Set(readsOf(node))) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  return readers;
}
