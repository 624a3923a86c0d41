import type { Metrics } from '../../core/objective.ts';
import { DominationLevels } from '../study/levels.ts';
import type { Losses } from '../study/losses.ts';
import { crowdingDistances } from '../study/pareto.ts';

export interface Entry {
  readonly trial: number;
  readonly losses: Losses;
  readonly violation: number;
  readonly metrics: Metrics;
}

/** The trials that were measured at one rung. */
export class Rung {
  readonly #eta: number;
  readonly #levels = new DominationLevels<Entry>();
  readonly #infeasible: Entry[] = [];
  /** Trials that will go on, in the order in which that was decided. */
  readonly #due: number[] = [];
  readonly #paused = new Map<number, Entry>();
  #count = 0;
  #wentOn = 0;

  constructor(eta: number) {
    this.#eta = eta;
  }

  add(entry: Entry): void {
    this.#count++;
    this.#paused.set(entry.trial, entry);
    if (entry.violation > 0) this.#infeasible.push(entry);
    else this.#levels.insert(entry);
  }

  /** A failed trial counts like the worst one. */
  addFailed(): void {
    this.#count++;
  }

  continued(trial: number): void {
    this.#wentOn++;
    this.drop(trial);
  }

  drop(trial: number): void {
    this.#paused.delete(trial);
    const place = this.#due.indexOf(trial);
    if (place >= 0) this.#due.splice(place, 1);
  }

  /** Whether the trial is among the best; if so it goes on for sure. */
  promise(trial: number): boolean {
    if (!this.best().some((entry) => entry.trial === trial)) return false;
    this.#due.push(trial);
    return true;
  }

  get due(): number | undefined {
    return this.#due[0];
  }

  /** In the order of their results. */
  get paused(): Iterable<Entry> {
    return this.#paused.values();
  }

  /** Undefined for a trial that is not paused here. */
  entryOf(trial: number): Entry | undefined {
    return this.#paused.get(trial);
  }

  /** Whether fewer than one of `each` trials went on. */
  hasRoom(each: number): boolean {
    return this.#wentOn < Math.floor(this.#count / each);
  }

  /** The first 1/eta of all trials of the rung, the best first. */
  best(): readonly Entry[] {
    const size = Math.floor(this.#count / this.#eta);
    const best: Entry[] = [];
    for (const level of this.#levels.all()) {
      if (best.length >= size) break;
      best.push(...byLoneliness(level));
    }
    if (best.length < size) best.push(...this.#infeasible.toSorted((a, b) => a.violation - b.violation || a.trial - b.trial));
    return best.slice(0, size);
  }
}

function byLoneliness(level: readonly Entry[]): Entry[] {
  const distances = crowdingDistances(level.map(({ losses }) => losses));
  const order = level.map((_, i) => i).sort((i, j) => compare(distances[j]!, distances[i]!) || level[i]!.trial - level[j]!.trial);
  return order.map((i) => level[i]!);
}

/** Like a − b, but two infinities are equal. */
const compare = (a: number, b: number) => (a === b ? 0 : a - b);
