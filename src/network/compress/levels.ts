import type { Graph, Node } from '../ir/graph.ts';
import { readInts } from '../ir/ops/support/attributes.ts';

/** Ops after which a network looks at another plane, whatever their strides are. */
const planeChanging = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'Flatten', 'Resize', 'ConvTranspose']);

const changesPlane = (node: Node): boolean =>
  node.domain === '' && (planeChanging.has(node.op) || (readInts(node, 'strides') ?? []).some((stride) => stride > 1));

/**
 * How often the plane was changed before each activation. Values of one level are what people call a stage of a network: it
 * follows from strides and ops alone, so that it is the same for images of every size.
 */
export function levelsOf(graph: Graph): ReadonlyMap<string, number> {
  const levels = new Map(graph.inputs.map(({ name }) => [name, 0]));
  for (const node of graph.nodes) {
    const read = node.inputs.flatMap((value) => levels.get(value) ?? []);
    if (read.length === 0) continue;
    const level = Math.max(...read) + (changesPlane(node) ? 1 : 0);
    for (const output of node.outputs) levels.set(output, level);
  }
  return levels;
}

/** Things of a graph by the level of a value of theirs, in the order in which the levels are met. */
export function byLevel<T>(graph: Graph, things: readonly T[], place: (thing: T) => string): readonly (readonly T[])[] {
  const levels = levelsOf(graph);
  const found = new Map<number, T[]>();
  for (const thing of things) {
    const level = levels.get(place(thing)) ?? 0;
    found.set(level, [...(found.get(level) ?? []), thing]);
  }
  return [...found.values()];
}
