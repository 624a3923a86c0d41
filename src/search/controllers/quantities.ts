import type { ControllerContext } from '../../core/controller.ts';
import type { Metrics } from '../../core/objective.ts';
import type { Space } from '../space/space.ts';

/** A metric as a model sees it: smaller is better, by its logarithm where ratios count. */
export interface Quantity {
  readonly metric: string;
  readonly toLoss: (value: number) => number;
}

/** The metrics of the goal; by logarithm those that people compare by ratio, as long as no value forbids it. */
export function quantitiesOf({ goal, logScale }: ControllerContext<Space>, seen: readonly Metrics[]): Quantity[] {
  const senses = new Map<string, 1 | -1>();
  for (const { metric, op } of goal.constraints) senses.set(metric, op === '<=' ? 1 : -1);
  for (const { metric, direction } of goal.objectives) senses.set(metric, direction === 'minimize' ? 1 : -1);
  return [...senses].map(([metric, sense]) => {
    const log = logScale?.has(metric) === true && seen.every((metrics) => (metrics[metric] ?? 1) > 0);
    return { metric, toLoss: (value) => sense * (log ? Math.log(value) : value) };
  });
}
