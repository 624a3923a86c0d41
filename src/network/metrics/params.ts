import type { Graph } from '../ir/graph.ts';
import { parameterCount } from '../ir/macs.ts';
import type { Metric } from './metric.ts';

const count = ({ graph }: { readonly graph: Graph }) => parameterCount(graph);

export const params: Metric = {
  info: { name: 'params', summary: 'trained parameters of the exported network', unit: 'count', better: 'minimize' },
  predict: count,
  measure: count,
};
