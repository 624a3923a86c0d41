import type { Graph, Node } from './graph.ts';

const ops = new Set(['FakeQuant', 'LearnedFakeQuant']);

/** Whether a node stands for a quantization while the network is trained. */
export const isFakeQuant = (node: Pick<Node, 'op' | 'domain'>): boolean => node.domain === 'espalier' && ops.has(node.op);

/** The fake quantization of each value that is one. */
export const fakeQuantsOf = (graph: Graph): ReadonlyMap<string, Node> =>
  new Map(graph.nodes.filter(isFakeQuant).map((node) => [node.outputs[0]!, node]));
