import { classNamed } from './classes.ts';
import type { Metric } from './metric.ts';

export const recall: Metric = {
  info: {
    name: 'recall',
    summary: 'of the validation images of a class, the share that the network gives it',
    unit: 'fraction',
    better: 'maximize',
    onDemand: true,
    of: { what: 'class' },
  },
  measure: async (context, className) => classNamed((await context.evaluation()).perClass, className).recall,
};
