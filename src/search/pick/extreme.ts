import type { PickRule } from './rule.ts';
import { byLoss, required } from './support.ts';

/** The best in one metric alone, whatever the others are: for use together with bounds on them. */
const extreme = (name: string, metric: string, sign: 1 | -1, summary: string): PickRule => ({
  name,
  summary,
  rank: (members) => byLoss(members, (member) => sign * required(name, metric, member)),
});

export const accurate = extreme('accurate', 'accuracy', -1, 'the most accurate');
export const smallest = extreme('smallest', 'size', 1, 'the fewest bytes');
export const fastest = extreme('fastest', 'latencyMs', 1, 'the lowest measured latency');
