import { expectedMacs as meanOf } from '../ir/ways.ts';
import type { Metric } from './metric.ts';

export const expectedMacs: Metric = {
  info: {
    name: 'expectedMacs',
    summary:
      'multiply-accumulates for one image on average over the validation images: below macs where the network decides per image what it runs',
    unit: 'count',
    better: 'minimize',
  },
  measure: async (context) => meanOf(await context.ways()),
};
