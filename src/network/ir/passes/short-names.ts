import { allNodes, bodiesOf, mapBodies } from '../bodies.ts';
import type { Graph, Node } from '../graph.ts';
import { layersOf } from '../layers.ts';

/**
 * The graph with names of one or two letters, because every name is bytes in the file. Inputs and outputs of the graph
 * keep theirs, and so do the nodes of layers and those with bodies, by which people find their way. Every other node is called
 * as the first value that it gives. onnxruntime's optimizer calls new values after nodes, and looks for such a name only in
 * the body where the node stands: a node there must not be called as a value outside, which the new one would hide.
 */
export function shortNames(graph: Graph): Graph {
  const landmarks = new Set(landmarksOf(graph));
  const names = renaming(graph, landmarks);
  const rename = (name: string) => names.get(name) ?? name;
  return renamed(graph, rename, ({ name, outputs }) => (landmarks.has(name) ? name : rename(outputs[0]!)));
}

const landmarksOf = (graph: Graph): string[] => [
  ...layersOf(graph).map((layer) => layer.name),
  ...graph.nodes.flatMap((node) => bodiesOf(node).flatMap((body) => [node.name, ...landmarksOf(body)])),
];

function renamed(graph: Graph, rename: (name: string) => string, nameOf: (node: Node) => string): Graph {
  const nodes = graph.nodes.map((node): Node => {
    const own = { ...node, name: nameOf(node), inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
    return mapBodies(own, (body) => ({ ...renamed(body, rename, nameOf), name: 'b', outputs: body.outputs.map(rename) }));
  });
  return { ...graph, nodes, initializers: renameKeys(graph.initializers, rename), types: renameKeys(graph.types, rename) };
}

function renameKeys<T>(record: Readonly<Record<string, T>>, rename: (name: string) => string): Record<string, T> {
  const result: Record<string, T> = {};
  for (const name in record) result[rename(name)] = record[name]!;
  return result;
}

/** Short names for all values but the graph's inputs and outputs, in the order in which they appear; none of the taken ones. */
function renaming(graph: Graph, taken: ReadonlySet<string>): Map<string, string> {
  const kept = new Set([...graph.inputs.map((input) => input.name), ...graph.outputs]);
  const next = shortUnless(new Set([...kept, ...taken]));
  const names = new Map([...kept, ''].map((name) => [name, name]));
  for (const node of allNodes(graph)) {
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
