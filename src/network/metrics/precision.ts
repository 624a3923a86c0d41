import { classNamed } from './classes.ts';
import type { Metric } from './metric.ts';

export const precision: Metric = {
  info: {
    name: 'precision',
    summary: 'of the validation images that the network gives a class, the share that has it; 0 where it gives it to none',
    unit: 'fraction',
    better: 'maximize',
    onDemand: true,
    of: { what: 'class' },
  },
  measure: async (context, className) => classNamed((await context.evaluation()).perClass, className).precision,
};
