import type { Graph } from '../ir/graph.ts';

/** Of a graph: the inputs that an output continues, which has their name and `.next`. A session may keep them on its device. */
export const carriedBy = (graph: Graph): readonly string[] =>
  graph.inputs.map(({ name }) => name).filter((name) => graph.outputs.includes(nextOf(name)));

export const nextOf = (name: string): string => `${name}.next`;
