import { type Goal, losses, type Metrics, violation } from '../../core/objective.ts';
import type { RungResult, Verdict } from '../../core/scheduler.ts';
import { DominationLevels } from '../study/levels.ts';
import type { Losses } from '../study/losses.ts';
import { crowdingDistances } from '../study/pareto.ts';
import { type MeasuredFront, Outlook } from './outlook.ts';

interface Entry {
  readonly trial: number;
  readonly losses: Losses;
  readonly violation: number;
  readonly metrics: Metrics;
}

export interface BracketOptions {
  readonly ends: readonly number[];
  readonly eta: number;
  readonly goal: Goal;
  /** Of all brackets together. */
  readonly front: MeasuredFront;
}

/**
 * Trials that share their rungs, and are compared only where they had the same training. The best of a rung: feasible ones
 * first, by non-domination rank, then by crowding distance (Deb et al. 2002, NSGA-II); then the infeasible ones that miss the
 * constraints least; equal ones by trial number. A trial that was among the first 1/eta when it was told goes on for sure,
 * the others as soon as they are, unless it became hopeless (see `Outlook`).
 */
export class Bracket {
  readonly ends: readonly number[];
  readonly #goal: Goal;
  readonly #front: MeasuredFront;
  readonly #outlook: Outlook;
  /** All rungs but the last. */
  readonly #rungs: readonly Rung[];
  readonly #rungOf = new Map<number, number>();

  constructor({ ends, eta, goal, front }: BracketOptions) {
    this.ends = ends;
    this.#goal = goal;
    this.#front = front;
    this.#outlook = new Outlook(goal, ends.length);
    this.#rungs = ends.slice(0, -1).map(() => new Rung(eta));
  }

  tell({ trial, rung, metrics, complete }: RungResult): Verdict {
    const place = this.#rungs[rung];
    if (metrics) {
      this.#outlook.add(trial, rung, metrics);
      this.#front.add(metrics);
    }
    if (!metrics || complete || !place) {
      if (!metrics) place?.addFailed();
      return { state: 'complete' };
    }
    const { objectives, constraints } = this.#goal;
    place.add({ trial, losses: losses(metrics, objectives), violation: violation(metrics, constraints), metrics });
    this.#rungOf.set(trial, rung);
    const reason = this.#outlook.whyHopeless(rung, metrics, this.#front);
    if (reason !== undefined) {
      place.drop(trial);
      return { state: 'stopped', reason };
    }
    return { state: place.promise(trial) ? 'due' : 'aside' };
  }

  next(): number | undefined {
    for (const [rung, place] of [...this.#rungs.entries()].toReversed()) {
      const trial = place.next(({ metrics }) => this.#outlook.whyHopeless(rung, metrics, this.#front) !== undefined);
      if (trial !== undefined) return trial;
    }
    return undefined;
  }

  continued(trial: number): void {
    this.#rungs[this.#rungOf.get(trial)!]!.drop(trial);
  }
}

/** The trials that were measured at one rung. */
class Rung {
  readonly #eta: number;
  readonly #levels = new DominationLevels<Entry>();
  readonly #infeasible: Entry[] = [];
  /** Trials that will go on, in the order in which that was decided. */
  readonly #due: number[] = [];
  /** Trials that went on or were stopped. */
  readonly #gone = new Set<number>();
  #count = 0;

  constructor(eta: number) {
    this.#eta = eta;
  }

  add(entry: Entry): void {
    this.#count++;
    if (entry.violation > 0) this.#infeasible.push(entry);
    else this.#levels.insert(entry);
  }

  /** A failed trial counts like the worst one. */
  addFailed(): void {
    this.#count++;
  }

  drop(trial: number): void {
    this.#gone.add(trial);
    const place = this.#due.indexOf(trial);
    if (place >= 0) this.#due.splice(place, 1);
  }

  /** Whether the trial is among the best; if so it goes on for sure. */
  promise(trial: number): boolean {
    if (!this.#best().some((entry) => entry.trial === trial)) return false;
    this.#due.push(trial);
    return true;
  }

  next(isHopeless: (entry: Entry) => boolean): number | undefined {
    const [first] = this.#due;
    return first ?? this.#best().find((entry) => !this.#gone.has(entry.trial) && !isHopeless(entry))?.trial;
  }

  /** The first 1/eta of all trials of the rung, the best first. */
  #best(): readonly Entry[] {
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
