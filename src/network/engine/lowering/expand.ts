import { Builder } from '../../ir/builder.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { type Emission, notLowered } from './lowering.ts';

/** Replaces training ops, all or those that are `wanted`, by what their emission in `table` (by op) emits; other nodes stay. */
export function expand(
  graph: Graph,
  table: Readonly<Record<string, Emission>>,
  wanted: (node: Node) => boolean = () => true,
): Graph {
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  for (const node of graph.nodes) {
    if (node.domain === 'espalier' && wanted(node)) expandNode(b, node, table);
    else b.add(node);
  }
  return b.build(graph.outputs);
}

/** Emitted values take over the names of the node's outputs, so that the nodes behind it read on as before. */
export function expandNode(b: Builder, node: Node, table: Readonly<Record<string, Emission>>): void {
  const emit = table[node.op];
  if (!emit) throw notLowered(node, 'the lowering does not know this op');
  const start = b.nodes.length;
  b.scope = `${node.name}/`;
  const results = emit({ b, node });
  b.scope = '';
  node.outputs.forEach((output, i) => {
    const result = results[i]!;
    const made = b.nodes.slice(start).some((emitted) => emitted.outputs.includes(result));
    if (made) b.rename(result, output, start);
    else b.op('Identity', [result], {}, { name: output });
  });
}
