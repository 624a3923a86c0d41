import { mapBodies, readsOf } from '../bodies.ts';
import type { Graph, Node } from '../graph.ts';

/** The graph without the nodes, initializers and types that no output needs, in bodies too. Inputs stay. */
export function deadCode(graph: Graph): Graph {
  const needed = new Set(graph.outputs);
  const nodes: Node[] = [];
  for (const whole of graph.nodes.toReversed()) {
    if (!whole.outputs.some((output) => output !== '' && needed.has(output))) continue;
    const node = mapBodies(whole, deadCode);
    for (const input of readsOf(node)) needed.add(input);
    nodes.push(node);
  }
  const known = new Set([...needed, ...graph.inputs.map((input) => input.name), ...nodes.flatMap((node) => node.outputs)]);
  return {
    ...graph,
    nodes: nodes.toReversed(),
    initializers: only(graph.initializers, needed),
    types: only(graph.types, known),
  };
}

function only<T>(record: Readonly<Record<string, T>>, names: ReadonlySet<string>): Record<string, T> {
  const rest: Record<string, T> = {};
  for (const name in record) if (names.has(name)) rest[name] = record[name]!;
  return rest;
}
