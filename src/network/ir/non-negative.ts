import type { Graph, Node } from './graph.ts';

/** Ops whose result is never below 0, whatever they read. */
const clipping = new Set(['Relu', 'Sigmoid', 'HardSigmoid', 'Softmax', 'Softplus', 'Abs']);

/** Ops that keep what they read from 0 up there. */
const keeping = new Set([
  'Add',
  'AveragePool',
  'Concat',
  'Flatten',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Identity',
  'Max',
  'MaxPool',
  'Mul',
  'ReduceMean',
  'Transpose',
]);

/** The values of a graph that cannot be negative by its structure, whatever its weights and inputs. */
export function nonNegativeValues(graph: Graph): ReadonlySet<string> {
  const values = new Set<string>();
  for (const node of graph.nodes) {
    if (isNonNegative(graph, node, values)) for (const output of node.outputs) values.add(output);
  }
  return values;
}

function isNonNegative(graph: Graph, node: Node, values: ReadonlySet<string>): boolean {
  if (node.domain !== '') return false;
  if (node.op === 'Clip') return Number(graph.initializers[node.inputs[1] ?? '']?.data[0] ?? -1) >= 0;
  return clipping.has(node.op) || (keeping.has(node.op) && node.inputs.every((name) => values.has(name)));
}
