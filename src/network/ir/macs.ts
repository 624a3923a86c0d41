import { elementCount, type Graph, type Node } from './graph.ts';
import { opEntry } from './ops/index.ts';

/** Multiply-accumulates of one run at the graph's own batch size: in all, and by the name of the node. */
export function macs(graph: Graph): { readonly total: number; readonly byNode: Readonly<Record<string, number>> } {
  const byNode: Record<string, number> = {};
  for (const node of graph.nodes) {
    const count = opEntry(node).macs?.(
      node.inputs.map((name) => graph.types[name]),
      node.outputs.map((name) => graph.types[name]!),
    );
    if (count !== undefined) byNode[node.name] = count;
  }
  return { total: Object.values(byNode).reduce((sum, count) => sum + count, 0), byNode };
}

/** Initializers that nodes hold as trained parameters (weights, biases; BatchNormalization scale and bias), once each. */
export function parameterNames(graph: Graph): readonly string[] {
  return [...new Set(graph.nodes.flatMap((node) => named(graph, node, opEntry(node).params)))];
}

/** Initializers that training updates outside of the gradient (running mean and variance), once each. */
export function stateNames(graph: Graph): readonly string[] {
  return [...new Set(graph.nodes.flatMap((node) => named(graph, node, opEntry(node).states)))];
}

const named = (graph: Graph, node: Node, positions: readonly number[] = []) =>
  positions.map((i) => node.inputs[i] ?? '').filter((name) => graph.initializers[name] !== undefined);

/** Number of trained parameters: quantized weights count one each, scales, zero points and statistics do not count. */
export function parameterCount(graph: Graph): number {
  return parameterNames(graph).reduce((sum, name) => sum + elementCount(graph.types[name]!.shape), 0);
}
