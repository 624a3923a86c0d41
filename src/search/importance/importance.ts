import { mainEffects } from './fanova.ts';
import { type ForestOptions, fitForest } from './forest.ts';

/** Points below which a forest says nothing that one should show. */
export const leastTrials = 12;

/** A parameter as the forest sees it: how many levels it has, or the ends of its range. */
export type Axis = { readonly levels: number } | { readonly low: number; readonly high: number };

/**
 * Share of a metric's variance over the whole space that each parameter explains on its own, [parameters]. `rows`: the
 * position on every axis, an index for one with levels. A level takes an equal share of its axis, so that all levels weigh
 * the same, whatever the search preferred. Undefined where there are too few trials.
 */
export function importanceOf(
  axes: readonly Axis[],
  rows: readonly (readonly number[])[],
  values: readonly number[],
  options: ForestOptions = {},
): number[] | undefined {
  if (rows.length < leastTrials) return undefined;
  const points = rows.map((row) => row.map((position, j) => toUnit(axes[j]!, position)));
  return mainEffects(fitForest(points, standardised(values), options), axes.length);
}

function toUnit(axis: Axis, position: number): number {
  if ('levels' in axis) return (position + 0.5) / axis.levels;
  return axis.high > axis.low ? (position - axis.low) / (axis.high - axis.low) : 0.5;
}

/** Mean 0 and deviation 1: thresholds of the forest then mean the same for bytes and for fractions. */
function standardised(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return values.map((value) => (deviation > 0 ? (value - mean) / deviation : 0));
}
