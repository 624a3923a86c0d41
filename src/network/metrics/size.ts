import type { Metric } from './metric.ts';

export const size: Metric = {
  info: { name: 'size', summary: 'bytes of the exported file', unit: 'bytes', better: 'minimize' },
  measure: (context) => context.bytes.length,
};
