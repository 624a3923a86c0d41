import type { Metrics } from '../../core/objective.ts';
import { violation } from '../../core/objective.ts';
import { countCandidates, enumerate } from '../space/count.ts';
import type { Problem } from './problem.ts';
import { type AxisScale, placing, yardstick } from './quality.ts';

const most = 20_000n;

/**
 * What even draws without repeats reach on average after 1, 2 … `trials` trials, as a part of the true front's hypervolume:
 * not simulated but counted. A place that k of n networks dominate is missed by t draws with the chance C(n−k, t) / C(n, t).
 * Undefined for problems with more than 20,000 candidates or other than two objectives.
 */
export function uniformExpectation(problem: Problem, trials: number, scale: AxisScale): number[] | undefined {
  const count = countCandidates(problem.space);
  if (count === 'infinite' || count > most || problem.goal.objectives.length !== 2) return undefined;
  const byKey = new Map<string, Metrics>();
  for (const candidate of enumerate(problem.space)) byKey.set(problem.keyOf(candidate), problem.measure(candidate));
  const area = areaByDominators([...byKey.values()], problem, scale);
  const { best } = yardstick(problem, scale);
  return Array.from({ length: trials }, (_, i) => expectation(area, byKey.size, i + 1) / best);
}

/** Entry k: the area of the box that exactly k of the points dominate. */
function areaByDominators(all: readonly Metrics[], problem: Problem, scale: AxisScale): Float64Array {
  const place = placing(problem, scale);
  const feasible = all.filter((metrics) => violation(metrics, problem.goal.constraints) === 0);
  const points = feasible.map(place).filter(([x, y]) => x! < 1 && y! < 1);
  points.sort((a, b) => a[0]! - b[0]!);
  const ys = [...new Set(points.map((point) => point[1]!))].sort((a, b) => a - b);
  const index = new Map(ys.map((y, i) => [y, i]));
  /** Points so far at each y. */
  const atY = new Int32Array(ys.length);
  const area = new Float64Array(all.length + 1);
  points.forEach((point, i) => {
    atY[index.get(point[1]!)!]!++;
    const width = (points[i + 1]?.[0] ?? 1) - point[0]!;
    if (width > 0) addColumn(area, atY, ys, width);
  });
  return area;
}

function addColumn(area: Float64Array, atY: Int32Array, ys: readonly number[], width: number): void {
  let dominators = 0;
  for (let j = 0; j < ys.length; j++) {
    dominators += atY[j]!;
    area[dominators]! += width * ((ys[j + 1] ?? 1) - ys[j]!);
  }
}

function expectation(area: Float64Array, count: number, draws: number): number {
  let sum = 0;
  for (let k = 1; k < area.length; k++) if (area[k]! > 0) sum += area[k]! * (1 - missChance(count, k, draws));
  return sum;
}

/** C(n−k, t) / C(n, t). */
function missChance(n: number, k: number, t: number): number {
  let chance = 1;
  for (let i = 0; i < t && chance > 0; i++) chance *= Math.max(0, n - k - i) / (n - i);
  return chance;
}
