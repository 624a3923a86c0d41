import type { Graph } from '../graph.ts';
import { readsOf } from '../rebuild.ts';

/** The graph without the nodes, initializers and types that no output needs. Inputs stay. */
export function deadCode(graph: Graph): Graph {
  const needed = new Set(graph.outputs);
  const nodes = graph.nodes.toReversed().filter((node) => {
    const used = node.outputs.some((output) => output !== '' && needed.has(output));
    if (used) for (const input of readsOf(node)) needed.add(input);
    return used;
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
