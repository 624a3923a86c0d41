import { macs as countMacs } from '../ir/macs.ts';
import type { Metric } from './metric.ts';

export const macs: Metric = {
  info: { name: 'macs', summary: 'multiply-accumulates for one image', unit: 'count', better: 'minimize' },
  measure({ graph }) {
    const batch = graph.inputs[0]?.type.shape[0] ?? 1;
    return countMacs(graph).total / batch;
  },
};
