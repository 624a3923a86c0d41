import type { Metric } from './metric.ts';

export const accuracy: Metric = {
  info: { name: 'accuracy', summary: 'share of validation images classified right', unit: 'fraction', better: 'maximize' },
  measure: async (context) => (await context.evaluation()).accuracy,
};
