import { type Constraint, type Metrics, violation } from '../core/objective.ts';
import { formatMetric } from './format.ts';

/** The constraints that the metrics do not keep; a missing metric keeps none. */
export const missedBy = (metrics: Metrics, constraints: readonly Constraint[]): Constraint[] =>
  constraints.filter((constraint) => violation(metrics, [constraint]) > 0);

/** `recall(Shirt) >= 40.00 %` */
export const constraintText = ({ metric, op, bound }: Constraint): string => `${metric} ${op} ${formatMetric(metric, bound)}`;

/** What a trial does not keep, and what it has instead: `recall(Shirt) >= 40.00 % (28.00 %)`. */
export const missText = (metrics: Metrics, constraint: Constraint): string =>
  `${constraintText(constraint)} (${formatMetric(constraint.metric, metrics[constraint.metric])})`;
