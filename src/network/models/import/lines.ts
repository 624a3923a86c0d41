import { Builder } from '../../ir/builder.ts';
import type { Attribute, Graph, Node, Tensor } from '../../ir/graph.ts';
import { deadCode } from '../../ir/passes/dead-code.ts';
import { readersOf } from '../../ir/rebuild.ts';

/**
 * The network with windows over lines, [N, C, W], as windows over images that are one row high: only these are trained. What it
 * computes stays the same, and so do the names of layers and weights.
 */
export function linesAsImages(graph: Graph): Graph {
  const nodes = new Set(graph.nodes.filter((node) => isOverLines(graph, node)));
  if (nodes.size === 0) return graph;
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  const weights = new Set([...nodes].map(({ inputs }) => inputs[1]));
  for (const [name, tensor] of Object.entries(graph.initializers))
    b.initializer(name, weights.has(name) ? oneRowHigh(tensor) : tensor);
  b.reserve(graph.nodes.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (nodes.has(node)) addOverImage(b, node);
    else b.add(node);
  }
  return deadCode(b.build(graph.outputs));
}

function isOverLines(graph: Graph, { op, domain, inputs, outputs }: Node): boolean {
  const [x, weight] = inputs as [string, string?];
  if (domain !== '' || graph.types[x]?.shape.length !== 3 || outputs.length > 1) return false;
  return op === 'Conv' ? isOwnWeight(graph, weight!) : op === 'MaxPool' || op === 'AveragePool';
}

/** Weights that nothing but such convolutions reads. */
const isOwnWeight = (graph: Graph, weight: string): boolean =>
  graph.initializers[weight] !== undefined &&
  readersOf(graph)
    .get(weight)!
    .every(({ op, inputs }) => op === 'Conv' && inputs[1] === weight && inputs[0] !== weight);

/** [K, C, w] as [K, C, 1, w]. */
const oneRowHigh = (tensor: Tensor): Tensor => ({ ...tensor, shape: [...tensor.shape.slice(0, 2), 1, ...tensor.shape.slice(2)] });

function addOverImage(b: Builder, node: Node): void {
  const [x, ...others] = node.inputs as [string, ...string[]];
  const [y] = node.outputs as [string];
  const axis = b.ints([2]);
  const image = b.op('Unsqueeze', [x, axis], {}, { name: `${node.name}/image` });
  const result = b.fresh(`${y}/image`);
  b.add({ ...node, inputs: [image, ...others], outputs: [result], attributes: overImage(node.attributes) });
  b.add({ op: 'Squeeze', domain: '', name: b.fresh(`${node.name}/line`), inputs: [result, axis], outputs: [y], attributes: {} });
}

/** What a window is in the direction in which nothing is to be moved. */
const still: Readonly<Record<string, readonly number[]>> = { kernel_shape: [1], strides: [1], dilations: [1], pads: [0] };

const overImage = (attributes: Node['attributes']): Node['attributes'] =>
  Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, withRow(still[name], attribute)]));

/** One number in front of each: of the begins, and of the ends. */
function withRow(row: readonly number[] | undefined, attribute: Attribute): Attribute {
  if (!row || attribute.kind !== 'ints') return attribute;
  return { kind: 'ints', value: attribute.value.flatMap((number) => [...row, number]) };
}
