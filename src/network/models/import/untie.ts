import type { Graph, Tensor } from '../../ir/graph.ts';
import { stateNames } from '../../ir/macs.ts';
import { trainedNames } from '../../ir/trained.ts';

/**
 * Gives every node that reads one fresh vector of trained numbers a vector of its own. Exporters keep equal constants once: the
 * scales of all normalizations of a network that was not trained yet are one vector of ones in the file, and would be trained
 * as one. What several layers share on purpose has values of its own, and stays shared.
 */
export function untied(graph: Graph): Graph {
  const fresh = new Set([...trainedNames(graph), ...stateNames(graph)].filter((name) => isFresh(graph.initializers[name]!)));
  const taken = new Set([...Object.keys(graph.types), ...Object.keys(graph.initializers)]);
  const seen = new Set<string>();
  const initializers = { ...graph.initializers };
  const types = { ...graph.types };
  const own = (name: string): string => {
    if (!fresh.has(name)) return name;
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    const copy = unused(name, taken);
    taken.add(copy);
    initializers[copy] = graph.initializers[name]!;
    types[copy] = graph.types[name]!;
    return copy;
  };
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(own) }));
  return { ...graph, nodes, initializers, types };
}

const isFresh = ({ shape, data }: Tensor): boolean =>
  shape.filter((size) => size > 1).length <= 1 && data.every((value) => value === data[0]);

function unused(name: string, taken: ReadonlySet<string>): string {
  for (let count = 2; ; count++) if (!taken.has(`${name}.${count}`)) return `${name}.${count}`;
}
