import { DominationLevels } from './levels.ts';
import { dominates, type Losses } from './losses.ts';

/** Non-domination rank of every point (0: dominated by none). NaN counts as infinitely bad. */
export function nonDominatedRanks(points: readonly Losses[]): number[] {
  const levels = new DominationLevels<{ readonly index: number; readonly losses: Losses }>();
  points.forEach((point, index) => {
    levels.insert({ index, losses: point.map((loss) => (Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss)) });
  });
  const ranks = points.map(() => 0);
  for (const [rank, level] of levels.all().entries()) for (const { index } of level) ranks[index] = rank;
  return ranks;
}

/**
 * How lonely every point of a front is (Deb et al. 2002, NSGA-II): the sum over the objectives of the gap between its two
 * neighbours, relative to the front's range. The ends of every objective get infinity. Equal losses are ordered by index.
 */
export function crowdingDistances(front: readonly Losses[]): number[] {
  const distances = front.map(() => 0);
  const objectives = front[0]?.length ?? 0;
  for (let k = 0; k < objectives; k++) {
    addGaps(
      distances,
      front.map((losses) => losses[k]!),
    );
  }
  return distances;
}

/** Adds one objective's part of the crowding distances. */
function addGaps(distances: number[], losses: readonly number[]): void {
  const order = ascending(losses);
  const last = order.length - 1;
  const range = losses[order[last]!]! - losses[order[0]!]!;
  distances[order[0]!] = Number.POSITIVE_INFINITY;
  distances[order[last]!] = Number.POSITIVE_INFINITY;
  if (!(range > 0) || range === Number.POSITIVE_INFINITY) return;
  for (let p = 1; p < last; p++) distances[order[p]!]! += (losses[order[p + 1]!]! - losses[order[p - 1]!]!) / range;
}

/** Positions by ascending value, equal values by position. Large fronts come sorted one way or the other: a look finds out. */
function ascending(values: readonly number[]): number[] {
  const order = values.map((_, i) => i);
  let [rises, falls] = [true, true];
  for (let i = 1; i < values.length && (rises || falls); i++) {
    if (values[i]! < values[i - 1]!) rises = false;
    else falls = false;
  }
  if (rises) return order;
  return falls ? order.toReversed() : order.sort((i, j) => values[i]! - values[j]! || i - j);
}

/** A point with what it stands for. `violation` 0 is feasible (core/objective.ts). */
export interface ArchivePoint<T> {
  readonly losses: Losses;
  readonly violation: number;
  readonly value: T;
}

/**
 * The front of all points seen, kept up to date. Infeasible points and points with a NaN never enter it; while nothing is
 * feasible, `leastViolating` is the nearest miss.
 */
export class ParetoArchive<T> {
  #points: ArchivePoint<T>[] = [];
  #nearest: ArchivePoint<T> | undefined;

  /** Adds a point; true when it entered the front. Points with equal losses stand side by side. */
  insert(point: ArchivePoint<T>): boolean {
    if (point.violation > 0) {
      if (point.violation < (this.#nearest?.violation ?? Number.POSITIVE_INFINITY)) this.#nearest = point;
      return false;
    }
    if (point.losses.some(Number.isNaN) || this.#points.some(({ losses }) => dominates(losses, point.losses))) return false;
    this.#points = this.#points.filter(({ losses }) => !dominates(point.losses, losses));
    this.#points.push(point);
    return true;
  }

  front(): readonly ArchivePoint<T>[] {
    return this.#points;
  }

  /** The infeasible point that misses the constraints least; undefined when a feasible one is known. */
  leastViolating(): ArchivePoint<T> | undefined {
    return this.#points.length === 0 ? this.#nearest : undefined;
  }
}
