import type { Metric } from './metric.ts';

export const latencyMs: Metric = {
  info: {
    name: 'latencyMs',
    summary:
      'median time of one image on one thread; where the network decides per image what it runs: on average over the validation images',
    unit: 'ms',
    better: 'minimize',
  },
  measure: async (context) => (await context.latency()).medianMs,
};
