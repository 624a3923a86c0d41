import { NasError } from '../../core/errors.ts';
import { losses, type Metrics } from '../../core/objective.ts';
import type { Losses } from '../study/losses.ts';
import type { Member, PickContext } from './rule.ts';

/** Members by ascending loss, then by number. */
export function byLoss<T extends Member>(members: readonly T[], lossOf: (member: T) => number): readonly T[] {
  const rated = members.map((member) => ({ member, loss: lossOf(member) }));
  return rated.sort((a, b) => a.loss - b.loss || a.member.number - b.member.number).map(({ member }) => member);
}

/** The value of a metric that a rule cannot do without. Throws NasError PICK_METRIC. */
export function required(rule: string, metric: string, { number, metrics }: Member): number {
  const value = metrics[metric];
  if (value !== undefined) return value;
  const message = `rule "${rule}" needs ${metric}, which this study did not measure (trial ${number}). Name it under objectives or constraints of the space, or take another rule.`;
  throw new NasError('PICK_METRIC', message, { facts: { rule, metric, trial: number } });
}

/**
 * The objectives of every member as losses between 0 (the best of these members) and 1 (their worst); by their logarithm
 * where a metric is compared by its ratios. An objective in which all are equal is 0.
 */
export function normalizedLosses(members: readonly Member[], { goal, logScale }: PickContext): Losses[] {
  const points = members.map(({ metrics }) => losses(scaled(metrics, logScale), goal.objectives));
  const ranges = goal.objectives.map((_, k) => {
    const values = points.map((point) => point[k]!);
    return { min: Math.min(...values), max: Math.max(...values) };
  });
  return points.map((point) => point.map((loss, k) => unit(loss, ranges[k]!)));
}

const unit = (loss: number, { min, max }: { min: number; max: number }) => (max > min ? (loss - min) / (max - min) : 0);

const scaled = (metrics: Metrics, logScale: ReadonlySet<string>): Metrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, logScale.has(name) ? Math.log(value) : value]));
