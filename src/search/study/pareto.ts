/** Losses of one point, smaller is better, in the order of the objectives. */
export type Losses = readonly number[];

/** Pareto dominance: nowhere worse, somewhere better. A NaN compares as neither, so points with NaN are kept out before. */
export function dominates(a: Losses, b: Losses): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (!(a[i]! <= b[i]!)) return false;
    if (a[i]! < b[i]!) better = true;
  }
  return better;
}

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
    const order = front.map((_, i) => i).sort((i, j) => front[i]![k]! - front[j]![k]! || i - j);
    const lossAt = (position: number) => front[order[position]!]![k]!;
    const range = lossAt(order.length - 1) - lossAt(0);
    distances[order[0]!] = Number.POSITIVE_INFINITY;
    distances[order.at(-1)!] = Number.POSITIVE_INFINITY;
    if (!(range > 0) || range === Number.POSITIVE_INFINITY) continue;
    for (let p = 1; p < order.length - 1; p++) {
      distances[order[p]!]! += (lossAt(p + 1) - lossAt(p - 1)) / range;
    }
  }
  return distances;
}

/**
 * Non-dominated sorting kept up to date point by point (Li, Deb, Zhang, Zhang 2017, "Efficient nondomination level
 * update"): a new point finds its level by binary search, and pushes the points that it dominates down level by level.
 */
export class DominationLevels<T extends { readonly losses: Losses }> {
  readonly #levels: T[][] = [];

  /** Level 0 is the front. */
  all(): readonly (readonly T[])[] {
    return this.#levels;
  }

  /** Adds a point; returns its level, the first one that changed. */
  insert(item: T): number {
    const first = this.#levelOf(item.losses);
    let moving = [item];
    for (let k = first; moving.length > 0; k++) {
      const kept: T[] = [];
      const demoted: T[] = [];
      for (const member of this.#levels[k] ?? []) {
        const beaten = moving.some((mover) => dominates(mover.losses, member.losses));
        (beaten ? demoted : kept).push(member);
      }
      if (kept.length === 0) {
        // The whole level goes down: so do all below it, without a look.
        this.#levels.splice(k, 0, moving);
        break;
      }
      this.#levels[k] = kept.concat(moving);
      moving = demoted;
    }
    return first;
  }

  /** The first level without a point that dominates: where level k has none, no later level has one. */
  #levelOf(losses: Losses): number {
    let low = 0;
    let high = this.#levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#levels[middle]!.some((member) => dominates(member.losses, losses))) low = middle + 1;
      else high = middle;
    }
    return low;
  }
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
