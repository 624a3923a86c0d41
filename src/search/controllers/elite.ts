import type { Candidate } from '../../core/candidate.ts';
import { DominationLevels } from '../study/levels.ts';
import type { Losses } from '../study/losses.ts';
import { crowdingDistances } from '../study/pareto.ts';

export interface Evaluated {
  readonly trial: number;
  readonly candidate: Candidate;
  /** Finite, in the order of the objectives. */
  readonly losses: Losses;
  /** 0: feasible. */
  readonly violation: number;
}

/**
 * The best `size` of all results: feasible ones by non-domination rank, then by crowding distance (NSGA-II's order, Deb et
 * al. 2002), then the infeasible ones that miss the constraints least. Equal ones by trial number.
 */
export class Elite<T extends Evaluated = Evaluated> {
  readonly #size: number;
  readonly #levels: DominationLevels<T>;
  /** The nearest misses, the best first. */
  #infeasible: T[] = [];
  #members: readonly T[] | undefined;
  /** Levels from this one on have no member. */
  #levelsUsed = 0;

  constructor(size: number) {
    this.#size = size;
    this.#levels = new DominationLevels(size);
  }

  add(result: T): void {
    const level = result.violation > 0 ? this.#addInfeasible(result) : this.#levels.insert(result);
    const full = this.#members?.length === this.#size && this.#members.at(-1)!.violation === 0;
    if (!full || level < this.#levelsUsed) this.#members = undefined;
  }

  /** Best first. */
  members(): readonly T[] {
    this.#members ??= this.#select();
    return this.#members;
  }

  /** Returns the level of infeasible results: below all others. */
  #addInfeasible(result: T): number {
    const nearer = (a: T, b: T) => a.violation - b.violation || a.trial - b.trial;
    this.#infeasible = [...this.#infeasible, result].sort(nearer).slice(0, this.#size);
    return Number.POSITIVE_INFINITY;
  }

  #select(): T[] {
    const members: T[] = [];
    this.#levelsUsed = 0;
    for (const level of this.#levels.all()) {
      if (members.length >= this.#size) break;
      members.push(...loneliest(level, this.#size - members.length));
      this.#levelsUsed++;
    }
    return members.concat(this.#infeasible).slice(0, this.#size);
  }
}

/** The loneliest `count` of a level, the loneliest first, equal ones by trial. One pass: a front can have thousands of points. */
function loneliest<T extends Evaluated>(level: readonly T[], count: number): T[] {
  const distances = crowdingDistances(level.map(({ losses }) => losses));
  const best: number[] = [];
  let bar = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < level.length; i++) {
    if (distances[i]! < bar) continue;
    const place = best.findIndex((other) => comesFirst(level, distances, i, other));
    best.splice(place < 0 ? best.length : place, 0, i);
    if (best.length > count) best.pop();
    if (best.length === count) bar = distances[best.at(-1)!]!;
  }
  return best.map((i) => level[i]!);
}

function comesFirst(level: readonly Evaluated[], distances: readonly number[], i: number, j: number): boolean {
  return distances[i] === distances[j] ? level[i]!.trial < level[j]!.trial : distances[i]! > distances[j]!;
}
