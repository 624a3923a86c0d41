import { mapBodies, readsOf } from '../bodies.ts';
import type { Graph } from '../graph.ts';

/** The graph without the nodes, initializers and types that no output needs, in bodies too. Inputs stay. */
export function deadCode(graph: Graph): Graph {
  const needed = new Set(graph.outputs);
  const nodes = graph.nodes.toReversed().flatMap((whole) => {
    if (!whole.outputs.some((output) => output !== '' && needed.has(output))) return [];
    const node = mapBodies(whole, deadCode);
    for (const input of readsOf(node)) needed.add(input);
    return [node];
  });
  const inputs = new Set(graph.inputs.map((input) => input.name));
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const keep = (name: string) => needed.has(name) || inputs.has(name) || made.has(name);
  return {
    ...graph,
    nodes: nodes.toReversed(),
    initializers: Object.fromEntries(Object.entries(graph.initializers).filter(([name]) => needed.has(name))),
    types: Object.fromEntries(Object.entries(graph.types).filter(([name]) => keep(name))),
  };
}
