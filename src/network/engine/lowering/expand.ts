import { Builder } from '../../ir/builder.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { type Emission, notLowered } from './lowering.ts';

/** Replaces training ops, all or those that are `wanted`, by what their emission in `table` (by op) emits; other nodes stay. */
export const expand = (
  graph: Graph,
  table: Readonly<Record<string, Emission>>,
  wanted: (node: Node) => boolean = () => true,
): Graph => emitAll(graph, (node) => (node.domain === 'espalier' && wanted(node) ? emissionOf(node, table) : undefined));

function emissionOf(node: Node, table: Readonly<Record<string, Emission>>): Emission {
  const emit = table[node.op];
  if (!emit) throw notLowered(node, 'the lowering does not know this op');
  return emit;
}

/** Replaces every node that has an emission by what it emits; all other nodes stay. */
export function emitAll(graph: Graph, emissionFor: (node: Node) => Emission | undefined): Graph {
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  for (const node of graph.nodes) {
    const emit = emissionFor(node);
    if (emit) emitNode(b, node, emit);
    else b.add(node);
  }
  return b.build(graph.outputs);
}

/** Emitted values take over the names of the node's outputs, so that the nodes behind it read on as before. */
export const expandNode = (b: Builder, node: Node, table: Readonly<Record<string, Emission>>): void =>
  emitNode(b, node, emissionOf(node, table));

function emitNode(b: Builder, node: Node, emit: Emission): void {
  const start = b.nodes.length;
  b.scope = `${node.name}/low/`; // A gradient of its value may have the scope that is called after the node.
  const results = emit({ b, node });
  b.scope = '';
  node.outputs.forEach((output, i) => {
    const result = results[i]!;
    const made = b.nodes.slice(start).some((emitted) => emitted.outputs.includes(result));
    if (made) b.rename(result, output, start);
    else b.op('Identity', [result], {}, { name: output });
  });
}
