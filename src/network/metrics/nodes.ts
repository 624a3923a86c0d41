import { allNodes } from '../ir/bodies.ts';
import type { Graph } from '../ir/graph.ts';
import { ops } from '../ir/ops/index.ts';
import type { Metric } from './metric.ts';

const standard = ops.filter(({ domain }) => domain === '').map(({ op }) => op);

/** A device that lacks an operator asks for none of it: `nodes(If) <= 0`. */
export const nodes: Metric = {
  info: {
    name: 'nodes',
    summary: 'nodes of an ONNX operator in the exported file, those of branches too',
    unit: 'count',
    better: 'minimize',
    onDemand: true,
    of: { what: 'op', known: [...new Set(standard)].sort() },
  },
  predict: ({ graph }, op) => countOf(graph, op),
  measure: ({ graph }, op) => countOf(graph, op),
};

const countOf = (graph: Graph, wanted: string | undefined): number =>
  allNodes(graph).filter(({ op, domain }) => domain === '' && op === wanted).length;
