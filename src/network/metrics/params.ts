import { parameterCount } from '../ir/macs.ts';
import type { Metric } from './metric.ts';

export const params: Metric = {
  info: { name: 'params', summary: 'trained parameters of the exported network', unit: 'count', better: 'minimize' },
  measure: ({ graph }) => parameterCount(graph),
};
