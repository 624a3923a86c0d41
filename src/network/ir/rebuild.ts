import { Builder } from './builder.ts';
import type { Graph, Node, Tensor } from './graph.ts';

/**
 * The graph with other nodes, initializers or outputs: every type inferred anew, initializers that nothing reads left out.
 * Throws what shape inference throws where the parts no longer fit.
 */
export function rebuild(graph: Graph, change: Partial<Pick<Graph, 'nodes' | 'initializers' | 'outputs'>>): Graph {
  const { nodes = graph.nodes, initializers = graph.initializers, outputs = graph.outputs } = change;
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  for (const [name, tensor] of Object.entries(usedBy(nodes, outputs, initializers))) b.initializer(name, tensor);
  for (const node of nodes) b.add(node);
  return b.build(outputs);
}

function usedBy(nodes: readonly Node[], outputs: readonly string[], initializers: Graph['initializers']): Record<string, Tensor> {
  const used = new Set([...outputs, ...nodes.flatMap(readsOf)]);
  return Object.fromEntries(Object.entries(initializers).filter(([name]) => used.has(name)));
}

/** Every value that a node reads: its inputs, and what the graphs in its attributes take from outside. */
export function readsOf(node: Node): string[] {
  const reads = node.inputs.filter((name) => name !== '');
  for (const attribute of Object.values(node.attributes)) {
    if (attribute.kind === 'graph') reads.push(...capturesOf(attribute.value));
  }
  return reads;
}

function capturesOf(body: Graph): string[] {
  const own = new Set([...body.inputs.map((input) => input.name), ...Object.keys(body.initializers)]);
  for (const node of body.nodes) for (const output of node.outputs) own.add(output);
  return [...body.nodes.flatMap(readsOf), ...body.outputs].filter((name) => !own.has(name));
}

/** The nodes that read each value. Graph outputs are not in it. */
export function readersOf(graph: Graph): Map<string, Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const name of new Set(readsOf(node))) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  return readers;
}
