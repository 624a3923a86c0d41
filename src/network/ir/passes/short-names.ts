import type { Graph, Node } from '../graph.ts';
import { layersOf } from '../layers.ts';

/**
 * The graph with names of one or two letters, because every name is bytes in the file. Inputs and outputs of the graph
 * keep theirs, and so do the nodes of layers, by which people find their way. Graphs with subgraphs stay as they are.
 */
export function shortNames(graph: Graph): Graph {
  const nested = graph.nodes.some((node) => Object.values(node.attributes).some(({ kind }) => kind === 'graph'));
  if (nested) return graph;
  const names = renaming(graph);
  const layers = new Set(layersOf(graph).map((layer) => layer.name));
  const rename = (name: string) => names.get(name) ?? name;
  const nodeNames = shortUnless(layers);
  const nodes = graph.nodes.map((node): Node => {
    const name = layers.has(node.name) ? node.name : nodeNames();
    return { ...node, name, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
  });
  return { ...graph, nodes, initializers: renameKeys(graph.initializers, rename), types: renameKeys(graph.types, rename) };
}

function renameKeys<T>(record: Readonly<Record<string, T>>, rename: (name: string) => string): Record<string, T> {
  const result: Record<string, T> = {};
  for (const name in record) result[rename(name)] = record[name]!;
  return result;
}

/** Short names for all values but the graph's inputs and outputs, in the order in which they appear. */
function renaming(graph: Graph): Map<string, string> {
  const kept = new Set([...graph.inputs.map((input) => input.name), ...graph.outputs]);
  const next = shortUnless(kept);
  const names = new Map([...kept, ''].map((name) => [name, name]));
  for (const node of graph.nodes) {
    for (const name of [...node.inputs, ...node.outputs]) if (!names.has(name)) names.set(name, next());
  }
  return names;
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** a … Z, aa, ab …, without the names that are taken. */
function shortUnless(taken: ReadonlySet<string>): () => string {
  let count = 0;
  return () => {
    for (;;) {
      const name = toLetters(count++);
      if (!taken.has(name)) return name;
    }
  };
}

function toLetters(index: number): string {
  const last = letters[index % letters.length]!;
  return index < letters.length ? last : toLetters(Math.floor(index / letters.length) - 1) + last;
}
