import { Builder } from '../../ir/builder.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { type Emission, notLowered } from './lowering.ts';

/** Replaces every training op by what its emission in `table` (by op) emits; all other nodes stay. */
export function expand(graph: Graph, table: Readonly<Record<string, Emission>>): Graph {
  const b = new Builder(graph.name);
  for (const { name, type } of graph.inputs) b.input(name, type);
  for (const [name, tensor] of Object.entries(graph.initializers)) b.initializer(name, tensor);
  for (const node of graph.nodes) {
    if (node.domain === 'espalier') expandNode(b, node, table);
    else b.add(node);
  }
  return b.build(graph.outputs);
}

/** Emitted values take over the names of the node's outputs, so that the nodes behind it read on as before. */
function expandNode(b: Builder, node: Node, table: Readonly<Record<string, Emission>>): void {
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
