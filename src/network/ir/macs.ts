import { bodiesOf } from './bodies.ts';
import { elementCount, type Graph, type Node } from './graph.ts';
import { opEntry } from './ops/index.ts';

/**
 * Multiply-accumulates of one run at the graph's own batch size: in all, and by the name of the node. Where a node runs one
 * of its branches, that of `taken` counts (by the node's name, whether the condition is true), else the dearest: no run takes
 * more.
 */
export function macs(graph: Graph, taken: Readonly<Record<string, boolean>> = {}): Macs {
  const byNode: Record<string, number> = {};
  let total = 0;
  for (const node of graph.nodes) {
    const count = opEntry(node).macs?.(
      node.inputs.map((name) => graph.types[name]),
      node.outputs.map((name) => graph.types[name]!),
    );
    const bodies = branchesOf(node, taken[node.name]).map((body) => macs(body, taken));
    if (count !== undefined) byNode[node.name] = count;
    for (const body of bodies) Object.assign(byNode, body.byNode);
    total += (count ?? 0) + Math.max(0, ...bodies.map((body) => body.total));
  }
  return { total, byNode };
}

interface Macs {
  readonly total: number;
  readonly byNode: Readonly<Record<string, number>>;
}

/** The branch that runs, or all where that is not known. */
function branchesOf(node: Node, condition: boolean | undefined): readonly Graph[] {
  if (condition === undefined) return bodiesOf(node);
  const branch = node.attributes[condition ? 'then_branch' : 'else_branch'];
  return branch?.kind === 'graph' ? [branch.value] : [];
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
  return [...parameterSizes(graph, new Set(['']))].reduce((sum, [, size]) => sum + size, 0);
}

/** By name. `around`: what is constant outside. */
function parameterSizes(graph: Graph, around: ReadonlySet<string>): ReadonlyMap<string, number> {
  const constant = new Set([...around, ...Object.keys(graph.initializers)]);
  const counted = new Map<string, number>();
  for (const node of graph.nodes) {
    const bodies = bodiesOf(node);
    for (const body of bodies) for (const [name, size] of parameterSizes(body, constant)) counted.set(name, size);
    if (bodies.length === 0 && node.inputs.every((name) => constant.has(name))) {
      for (const output of node.outputs) constant.add(output);
      continue;
    }
    for (const i of opEntry(node).params ?? []) {
      const name = node.inputs[i] ?? '';
      if (name !== '' && constant.has(name)) counted.set(name, elementCount(graph.types[name]!.shape));
    }
  }
  return counted;
}
