import type { Metric } from './metric.ts';

export const latencyMs: Metric = {
  info: { name: 'latencyMs', summary: 'median time of one image on one thread', unit: 'ms', better: 'minimize' },
  measure: async (context) => (await context.latency()).medianMs,
};
