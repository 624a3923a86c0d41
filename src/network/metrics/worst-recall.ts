import { recalls } from './classes.ts';
import type { Metric } from './metric.ts';

export const worstRecall: Metric = {
  info: {
    name: 'worstRecall',
    summary: 'recall of the class that the network recognises worst',
    unit: 'fraction',
    better: 'maximize',
    onDemand: true,
  },
  measure: async (context) => Math.min(...recalls(await context.evaluation())),
};
