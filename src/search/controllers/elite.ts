import type { Candidate } from '../../core/candidate.ts';
import { crowdingDistances, DominationLevels, type Losses } from '../study/pareto.ts';

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
export class Elite {
  readonly #size: number;
  readonly #levels = new DominationLevels<Evaluated>();
  /** The nearest misses, the best first. */
  #infeasible: Evaluated[] = [];
  #members: readonly Evaluated[] | undefined;
  /** Levels from this one on have no member. */
  #levelsUsed = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(result: Evaluated): void {
    const level = result.violation > 0 ? this.#addInfeasible(result) : this.#levels.insert(result);
    const full = this.#members?.length === this.#size && this.#members.at(-1)!.violation === 0;
    if (!full || level < this.#levelsUsed) this.#members = undefined;
  }

  /** Best first. */
  members(): readonly Evaluated[] {
    this.#members ??= this.#select();
    return this.#members;
  }

  /** Returns the level of infeasible results: below all others. */
  #addInfeasible(result: Evaluated): number {
    const nearer = (a: Evaluated, b: Evaluated) => a.violation - b.violation || a.trial - b.trial;
    this.#infeasible = [...this.#infeasible, result].sort(nearer).slice(0, this.#size);
    return Number.POSITIVE_INFINITY;
  }

  #select(): Evaluated[] {
    const members: Evaluated[] = [];
    this.#levelsUsed = 0;
    for (const level of this.#levels.all()) {
      if (members.length >= this.#size) break;
      members.push(...byCrowding(level));
      this.#levelsUsed++;
    }
    return members.concat(this.#infeasible).slice(0, this.#size);
  }
}

/** The loneliest first. */
function byCrowding(level: readonly Evaluated[]): Evaluated[] {
  const ordered = [...level].sort((a, b) => a.trial - b.trial);
  const distances = crowdingDistances(ordered.map(({ losses }) => losses));
  const order = ordered.map((_, i) => i).sort((i, j) => compareDescending(distances[i]!, distances[j]!) || i - j);
  return order.map((i) => ordered[i]!);
}

/** Infinities are equal: their difference is not a number. */
function compareDescending(a: number, b: number): number {
  return a === b ? 0 : b - a;
}
