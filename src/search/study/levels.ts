import { dominates, type Losses } from './losses.ts';

interface Point {
  readonly losses: Losses;
}

/**
 * Non-dominated sorting kept up to date point by point (Li, Deb, Zhang, Zhang 2017, "Efficient nondomination level
 * update"): a new point finds its level by binary search, and pushes the points that it dominates down level by level.
 *
 * A level is sorted by its losses, the first objective first, equal ones as they came: what dominates a point stands before
 * it, what it dominates after it. With two objectives a level is a staircase, and a look at the neighbours is enough.
 *
 * Where only the best `wanted` points matter, the first levels that hold so many are kept, and what lies below them unsorted:
 * a point never rises, so that it is looked at again only when these levels have become too few.
 */
export class DominationLevels<T extends Point> {
  readonly #wanted: number;
  readonly #levels: T[][] = [];
  /** Points below all of the levels. */
  #below: T[] = [];

  constructor(wanted = Number.POSITIVE_INFINITY) {
    this.#wanted = wanted;
  }

  /** Level 0 is the front. The first levels, `wanted` points at least; all of them where there are fewer. */
  all(): readonly (readonly T[])[] {
    return this.#levels;
  }

  /** Adds a point; returns its level, the first one that changed. */
  insert(item: T): number {
    const first = this.#levelOf(item.losses);
    let moving = [item];
    for (let k = first; moving.length > 0; k++) {
      if (k === this.#levels.length && this.#below.length > 0) {
        this.#below.push(...moving);
        break;
      }
      const level = this.#levels[k] ?? [];
      const beaten = dominatedBy(moving, level);
      if (beaten.length === level.length) {
        // The whole level goes down: so do all below it, without a look.
        this.#levels.splice(k, 0, moving);
        break;
      }
      const demoted = beaten.map((i) => level[i]!);
      for (const i of beaten.toReversed()) level.splice(i, 1);
      for (const mover of moving) level.splice(placeOf(mover.losses, level), 0, mover);
      moving = demoted;
    }
    this.#balance();
    return first;
  }

  /** Not too few levels, and not many more: what has gone down is taken up again in one go. */
  #balance(): void {
    const levels = this.#levels;
    let count = levels.reduce((sum, { length }) => sum + length, 0);
    while (levels.length > 1 && count - levels.at(-1)!.length >= 8 * this.#wanted) {
      const last = levels.pop()!;
      count -= last.length;
      this.#below.push(...last);
    }
    if (count >= this.#wanted) return;
    while (count < 4 * this.#wanted && this.#below.length > 0) count += this.#peel();
  }

  /** Makes a level of the points below that none of them dominates; returns how many. */
  #peel(): number {
    const level: T[] = [];
    const rest: T[] = [];
    // What dominates a point stands before it, and only what is in the level has to be looked at: it dominates the others.
    for (const item of this.#below.toSorted((a, b) => order(a.losses, b.losses)))
      if (isDominated(item.losses, level)) rest.push(item);
      else level.push(item);
    this.#below = rest;
    this.#levels.push(level);
    return level.length;
  }

  /** The first level without a point that dominates: where level k has none, no later level has one. */
  #levelOf(losses: Losses): number {
    let low = 0;
    let high = this.#levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isDominated(losses, this.#levels[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Where a point belongs in a sorted level: behind all that are smaller or equal. */
function placeOf(losses: Losses, level: readonly Point[]): number {
  let low = 0;
  let high = level.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(losses, level[middle]!.losses)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Lexicographic order. */
function isBefore(a: Losses, b: Losses): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

const order = (a: Losses, b: Losses): number => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0);

function isDominated(losses: Losses, level: readonly Point[]): boolean {
  for (let i = placeOf(losses, level) - 1; i >= 0; i--) {
    if (dominates(level[i]!.losses, losses)) return true;
    // The step before a point is the lowest of all before it.
    if (losses.length === 2) return false;
  }
  return false;
}

/** The positions in a level of all points that one of these dominates, in order. */
function dominatedBy(movers: readonly Point[], level: readonly Point[]): number[] {
  const beaten = new Set<number>();
  for (const { losses } of movers) {
    for (let i = placeOf(losses, level); i < level.length; i++) {
      if (dominates(losses, level[i]!.losses)) beaten.add(i);
      // The steps go down: where one is lower than the point, so are all after it.
      else if (losses.length === 2) break;
    }
  }
  return [...beaten].sort((a, b) => a - b);
}
