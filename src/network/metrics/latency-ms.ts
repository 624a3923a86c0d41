import type { Metric } from './metric.ts';

export const latencyMs: Metric = {
  info: {
    name: 'latencyMs',
    summary:
      'median time of a run: one image on one thread, or as `latency:` says; where the network decides per image what it runs: on average over the validation images',
    unit: 'ms',
    better: 'minimize',
  },
  timed: true,
  measure: async (context) => (await context.latency()).medianMs,
};
