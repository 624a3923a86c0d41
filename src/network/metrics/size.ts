import type { Metric } from './metric.ts';

export const size: Metric = {
  info: { name: 'size', summary: 'bytes of the exported file', unit: 'bytes', better: 'minimize' },
  predict: ({ byteCount }) => byteCount,
  measure: ({ bytes }) => bytes.length,
};
