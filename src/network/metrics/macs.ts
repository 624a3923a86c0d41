import type { Graph } from '../ir/graph.ts';
import { macs as countMacs } from '../ir/macs.ts';
import type { Metric } from './metric.ts';

function count({ graph }: { readonly graph: Graph }): number {
  const batch = graph.inputs[0]?.type.shape[0] ?? 1;
  return countMacs(graph).total / batch;
}

export const macs: Metric = {
  info: { name: 'macs', summary: 'multiply-accumulates for one image', unit: 'count', better: 'minimize' },
  predict: count,
  measure: count,
};
