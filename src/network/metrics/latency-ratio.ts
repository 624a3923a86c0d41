import type { Metric } from './metric.ts';

export const latencyRatio: Metric = {
  info: {
    name: 'latencyRatio',
    summary: 'time of a run (see latencyMs) relative to the uncompressed baseline, measured in turns with it (below 1 is faster)',
    unit: 'ratio',
    better: 'minimize',
  },
  timed: true,
  measure: async (context) => (await context.latency()).ratio,
};
