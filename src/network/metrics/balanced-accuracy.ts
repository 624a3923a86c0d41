import { recalls } from './classes.ts';
import type { Metric } from './metric.ts';

/** Mean recall (Brodersen et al. 2010, "The balanced accuracy and its posterior distribution"). */
export const balancedAccuracy: Metric = {
  info: {
    name: 'balancedAccuracy',
    summary: 'recall on average over the classes, each counting alike however many images it has',
    unit: 'fraction',
    better: 'maximize',
    onDemand: true,
  },
  async measure(context) {
    const each = recalls(await context.evaluation());
    return each.reduce((sum, recall) => sum + recall, 0) / each.length;
  },
};
