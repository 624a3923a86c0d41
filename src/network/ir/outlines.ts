import type { Graph } from './graph.ts';

/**
 * Outlines: networks whose trained numbers mean nothing (`withoutValues`), and what was made of them. A search asks for the
 * structure of thousands of plans, which have most of what is done to the network in common: of an outline, every step is
 * made once and kept.
 */
const outlines = new WeakMap<Graph, number>();
let count = 0;

/** Nodes of all graphs that something is kept of: some tens of megabytes. What was not asked for longest goes first. */
const mostNodes = 30_000;

interface Kept {
  readonly value: unknown;
  readonly nodes: number;
}

const kept = new Map<string, Kept>();
let nodesKept = 0;

/** Says that the numbers of a graph mean nothing. */
export function asOutline(graph: Graph): Graph {
  if (!outlines.has(graph)) outlines.set(graph, count++);
  return graph;
}

/** What `make` makes of an outline and of what `keyOf` names, once; of any other graph every time. */
export function ofOutline<T>(graph: Graph, keyOf: () => string, make: () => T): T {
  const outline = outlines.get(graph);
  if (outline === undefined) return make();
  const key = `${outline} ${keyOf()}`;
  const before = kept.get(key);
  if (before) {
    // The latest stand last.
    kept.delete(key);
    kept.set(key, before);
    return before.value as T;
  }
  const value = make();
  keep(key, { value, nodes: graph.nodes.length });
  return value;
}

function keep(key: string, made: Kept): void {
  kept.set(key, made);
  nodesKept += made.nodes;
  for (const [oldest, { nodes }] of kept) {
    if (nodesKept <= mostNodes) return;
    kept.delete(oldest);
    nodesKept -= nodes;
  }
}

/** The graph that `make` makes of another one; of an outline once, and an outline again. */
export function stepOf(graph: Graph, keyOf: () => string, make: () => Graph): Graph {
  if (!outlines.has(graph)) return make();
  return ofOutline(graph, keyOf, () => asOutline(make()));
}
