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

/**
 * Number of trained parameters, however they are stored: a weight that the file packs, quantizes or factors into
 * constant nodes counts as often as it is read there. Scales, zero points and statistics do not count.
 */
export function parameterCount(graph: Graph): number {
  const constant = new Set(['', ...Object.keys(graph.initializers)]);
  const counted = new Set<string>();
  for (const node of graph.nodes) {
    if (node.inputs.every((name) => constant.has(name))) for (const output of node.outputs) constant.add(output);
    else for (const i of opEntry(node).params ?? []) counted.add(node.inputs[i] ?? '');
  }
  return [...counted].filter((name) => name !== '' && constant.has(name)).reduce((sum, name) => sum + sizeOf(graph, name), 0);
}

const sizeOf = (graph: Graph, name: string) => elementCount(graph.types[name]!.shape);
