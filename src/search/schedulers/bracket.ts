import { type Goal, losses, violation } from '../../core/objective.ts';
import type { RungResult, Verdict } from '../../core/scheduler.ts';
import { hypervolume } from '../study/hypervolume.ts';
import { dominates, type Losses } from '../study/losses.ts';
import { Forecast } from './forecast.ts';
import { type MeasuredFront, Outlook } from './outlook.ts';
import { type Entry, Rung } from './rung.ts';

export interface BracketOptions {
  readonly ends: readonly number[];
  readonly eta: number;
  readonly goal: Goal;
  /** Of all brackets together. */
  readonly front: MeasuredFront;
  readonly logScale?: ReadonlySet<string> | undefined;
}

/**
 * Trials that share their rungs, and are compared only where they had the same training. The best of a rung: feasible ones
 * first, by non-domination rank, then by crowding distance (Deb et al. 2002, NSGA-II); then the infeasible ones that miss the
 * constraints least; equal ones by trial number. A trial that was among the first 1/eta when it was told goes on for sure,
 * the others as soon as they are, unless it became hopeless (see `Outlook`).
 *
 * As soon as enough trials went on to say what becomes of one (see `Forecast`), and something feasible was measured, places
 * go to the trials that promise the largest growth of the hypervolume: their forecast, a standard deviation better than
 * expected, over the front of all that was measured and what is expected of those that run (Ponweiser et al. 2008, "Multiobjective
 * optimization on a limited budget of evaluations using model-assisted S-metric selection"). Where none promises any, the places
 * stay free. A front has many members, however few trials there are: beyond 1/eta, up to 1/√eta of the trials go on, of
 * those that are expected to be on it.
 */
export class Bracket {
  readonly ends: readonly number[];
  readonly #goal: Goal;
  readonly #eta: number;
  readonly #front: MeasuredFront;
  readonly #outlook: Outlook;
  readonly #forecast: Forecast;
  /** All rungs but the last. */
  readonly #rungs: readonly Rung[];
  readonly #rungOf = new Map<number, number>();
  /** Trials on their way to the next rung, as they were at the one before. */
  readonly #running = new Map<number, { readonly rung: number; readonly entry: Entry }>();

  constructor({ ends, eta, goal, front, logScale }: BracketOptions) {
    this.ends = ends;
    this.#goal = goal;
    this.#eta = eta;
    this.#front = front;
    this.#outlook = new Outlook(goal, ends.length);
    this.#forecast = new Forecast(goal, ends.length, logScale);
    this.#rungs = ends.slice(0, -1).map(() => new Rung(eta));
  }

  tell({ trial, rung, metrics, complete }: RungResult): Verdict {
    const place = this.#rungs[rung];
    this.#running.delete(trial);
    if (metrics) {
      this.#outlook.add(trial, rung, metrics);
      this.#forecast.add(trial, rung, metrics);
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
    return { state: !this.#foresees(rung) && place.promise(trial) ? 'due' : 'aside' };
  }

  next(): number | undefined {
    for (const [rung, place] of [...this.#rungs.entries()].toReversed()) {
      const trial = place.due ?? (this.#foresees(rung) ? this.#mostPromising(rung, place) : this.#bestPaused(rung, place));
      if (trial !== undefined) return trial;
    }
    return undefined;
  }

  continued(trial: number): void {
    const rung = this.#rungOf.get(trial)!;
    const place = this.#rungs[rung]!;
    const entry = place.entryOf(trial);
    if (entry) this.#running.set(trial, { rung, entry });
    place.continued(trial);
  }

  #foresees(rung: number): boolean {
    return this.#forecast.knows(rung) && this.#front.members().length > 0;
  }

  #bestPaused(rung: number, place: Rung): number | undefined {
    return place.best().find(({ trial, metrics }) => place.entryOf(trial) && !this.#isHopeless(rung, metrics))?.trial;
  }

  #mostPromising(rung: number, place: Rung): number | undefined {
    const anyone = place.hasRoom(this.#eta);
    if (!anyone && !place.hasRoom(Math.sqrt(this.#eta))) return undefined;
    const front = this.#expectedFront();
    const reference = referenceOf([...front, ...this.#forecast.losses([...place.paused].map(({ metrics }) => metrics))]);
    const before = hypervolume(front, reference);
    let best: { readonly trial: number; readonly gain: number } | undefined;
    for (const { trial, metrics } of place.paused) {
      const ends = this.#forecast.of(rung, metrics);
      if (!ends || ends.infeasible || isBehind(ends.hoped, front)) continue;
      if (!anyone && isBehind(ends.expected, front)) continue;
      const gain = hypervolume([...front, ends.hoped], reference) - before;
      if (gain > (best?.gain ?? 0) && !this.#isHopeless(rung, metrics)) best = { trial, gain };
    }
    return best?.trial;
  }

  /** What was measured, and what is expected of the trials that run. */
  #expectedFront(): Losses[] {
    const measured = this.#forecast.losses(this.#front.members());
    const expected = [...this.#running.values()].flatMap(({ rung, entry }) => {
      const ends = this.#forecast.knows(rung) ? this.#forecast.of(rung, entry.metrics) : undefined;
      return ends && !ends.infeasible ? [ends.expected] : [];
    });
    return [...measured, ...expected];
  }

  #isHopeless(rung: number, metrics: Entry['metrics']): boolean {
    return this.#outlook.whyHopeless(rung, metrics, this.#front) !== undefined;
  }
}

const isBehind = (point: Losses, front: readonly Losses[]): boolean =>
  front.some((member) => dominates(member, point) || member.every((loss, k) => loss === point[k]));

/** Just behind the worst of all, so that all of them count. */
const referenceOf = (points: readonly Losses[]): Losses =>
  (points[0] ?? []).map((_, k) => {
    const worst = Math.max(...points.map((point) => point[k]!));
    return worst + 1e-6 * Math.max(1, Math.abs(worst));
  });
