import { dominates, type Losses } from './losses.ts';

/**
 * The volume that a set of losses dominates up to a reference point, exactly. Points that are not strictly below the
 * reference in every objective (NaN and +infinity included) add nothing; a loss of -infinity makes it infinite.
 * Two objectives: a sweep, O(n log n). Three: a sweep of such sweeps. More: WFG.
 */
export function hypervolume(points: readonly Losses[], reference: Losses): number {
  const inside = points.filter((point) => reference.every((bound, i) => point[i]! < bound));
  if (inside.some((point) => point.includes(Number.NEGATIVE_INFINITY))) return Number.POSITIVE_INFINITY;
  return volumeOf(inside, reference);
}

function volumeOf(points: readonly Losses[], reference: Losses): number {
  if (points.length === 0) return 0;
  if (reference.length === 1) return reference[0]! - Math.min(...points.map((point) => point[0]!));
  if (reference.length === 2) return areaOf(points, reference);
  if (reference.length === 3) return volume3(points, reference);
  return wfg(points, reference);
}

function areaOf(points: readonly Losses[], reference: Losses): number {
  const staircase = new Staircase(reference[0]!, reference[1]!);
  for (const point of points) staircase.insert(point[0]!, point[1]!);
  return staircase.area;
}

/** Slices along the third objective; the area of the first two grows from slice to slice. */
function volume3(points: readonly Losses[], reference: Losses): number {
  const sorted = [...points].sort((a, b) => a[2]! - b[2]!);
  const staircase = new Staircase(reference[0]!, reference[1]!);
  let volume = 0;
  for (const [i, point] of sorted.entries()) {
    staircase.insert(point[0]!, point[1]!);
    volume += staircase.area * ((sorted[i + 1] ?? reference)[2]! - point[2]!);
  }
  return volume;
}

/**
 * While, Bradstreet, Barone 2012, "A fast way of calculating exact hypervolumes", with slicing by the last objective:
 * from the worst point in it to the best, a point adds what those after it leave uncovered. They are no worse in the last
 * objective, so that sum has one dimension less.
 */
function wfg(points: readonly Losses[], reference: Losses): number {
  const last = reference.length - 1;
  const bound = reference.slice(0, last);
  const sorted = [...points].sort((a, b) => b[last]! - a[last]!);
  let volume = 0;
  for (const [i, point] of sorted.entries()) {
    const base = point.slice(0, last);
    const covered = sorted.slice(i + 1).map((other) => base.map((loss, k) => Math.max(loss, other[k]!)));
    const alone = base.reduce((product, loss, k) => product * (bound[k]! - loss), 1);
    volume += (reference[last]! - point[last]!) * (alone - volumeOf(nonDominated(covered), bound));
  }
  return volume;
}

/** The points that no other one dominates, each once. */
function nonDominated(points: readonly Losses[]): Losses[] {
  const kept: Losses[] = [];
  for (const point of points) {
    if (kept.some((other) => dominates(other, point) || other.every((loss, k) => loss === point[k]))) continue;
    kept.splice(0, kept.length, ...kept.filter((other) => !dominates(point, other)), point);
  }
  return kept;
}

/**
 * The dominated area of two objectives, updated point by point in O(log n + points removed). The corners are sorted by
 * the first loss, so their second loss falls.
 */
export class Staircase {
  /** The dominated area so far. */
  area = 0;
  readonly #corners: { readonly x: number; readonly y: number }[] = [];
  readonly #boundX: number;
  readonly #boundY: number;

  /** The reference point. */
  constructor(boundX: number, boundY: number) {
    this.#boundX = boundX;
    this.#boundY = boundY;
  }

  /** Adds a point; returns the area that it adds (0: dominated, or outside the reference). */
  insert(x: number, y: number): number {
    if (!(x < this.#boundX && y < this.#boundY)) return 0;
    const start = this.#firstAtOrAfter(x);
    const before = this.#corners[start - 1];
    if (before !== undefined && before.y <= y) return 0;
    if (this.#corners[start]?.x === x && this.#corners[start].y <= y) return 0;
    const end = this.#firstBelow(y, start);
    const gain = this.#gain(x, y, start, end);
    this.#corners.splice(start, end - start, { x, y });
    this.area += gain;
    return gain;
  }

  /** The area between the new corner and the old stairs, whose corners `start … end-1` it covers. */
  #gain(x: number, y: number, start: number, end: number): number {
    let gain = 0;
    let left = x;
    let top = this.#corners[start - 1]?.y ?? this.#boundY;
    for (let i = start; i <= end; i++) {
      const right = this.#corners[i]?.x ?? this.#boundX;
      gain += (right - left) * (top - y);
      left = right;
      top = this.#corners[i]?.y ?? top;
    }
    return gain;
  }

  #firstAtOrAfter(x: number): number {
    let low = 0;
    let high = this.#corners.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#corners[middle]!.x < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first corner from `start` on that a point of height `y` does not cover. */
  #firstBelow(y: number, start: number): number {
    let end = start;
    while (end < this.#corners.length && this.#corners[end]!.y >= y) end++;
    return end;
  }
}
