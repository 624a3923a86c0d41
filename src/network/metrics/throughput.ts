import type { Metric } from './metric.ts';

export const throughput: Metric = {
  info: {
    name: 'throughput',
    summary: 'images in a second, as many at once and on as many threads as `latency:` says',
    unit: 'count',
    better: 'maximize',
    onDemand: true,
  },
  timed: true,
  async measure(context) {
    const { batch, medianMs } = await context.latency();
    return (1000 * batch) / medianMs;
  },
};
