import { type Constraint, type Goal, losses, type Metrics, violation } from '../../core/objective.ts';
import { ParetoArchive } from './pareto.ts';
import { type HypervolumeFrame, hypervolumeFrame, hypervolumeIn } from './progress.ts';

/** When a study has what was wanted, or nothing more comes. Both look at the results in the order of the jobs. */
export interface StopRules {
  /** A study ends when one measured file meets all of these, and the goal's constraints: one that may not be shipped ends nothing. */
  readonly target?: readonly Constraint[];
  /** A study ends when the hypervolume has not grown by a thousandth over so many results. Absent: never for that. */
  readonly patience?: number;
  /** Metrics that are compared by their ratios (bytes, counts, times). */
  readonly logScale?: ReadonlySet<string>;
}

/** Why a study is over, with the evidence. */
export type StopEvidence =
  | { readonly reason: 'target'; readonly trial: number; readonly metrics: Metrics }
  | { readonly reason: 'converged'; readonly results: number; readonly before: number; readonly hypervolume: number };

/** Growth that counts, relative to what there is. */
const growth = 1e-3;
/** Results beside the initial ones before a study can be called converged. */
export const fewestResults = 30;

export class StopWatch {
  /** Set once, and stays. */
  evidence: StopEvidence | undefined;
  readonly #rules: StopRules;
  readonly #goal: Goal;
  readonly #initial: number;
  readonly #archive = new ParetoArchive<Metrics>();
  /** First results of the initial trials. */
  readonly #fixed = new Map<number, Metrics | undefined>();
  #frame: HypervolumeFrame | undefined;
  /** The hypervolume after every result, from the last initial one on. */
  readonly #history: number[] = [];

  /** `initial`: trials that every run of the study begins with; they fix the hypervolume's frame. */
  constructor(rules: StopRules, goal: Goal, initial: number) {
    this.#rules = rules;
    this.#goal = goal;
    this.#initial = initial;
  }

  /** `metrics`: absent for a failed trial. */
  add(trial: number, metrics: Metrics | undefined): void {
    if (this.evidence) return;
    const { patience } = this.#rules;
    if (metrics && this.#meets(metrics)) this.evidence = { reason: 'target', trial, metrics };
    else if (patience !== undefined) this.#watch(trial, metrics, patience);
  }

  /** What was measured before this session, all of it: where the target is met already there is nothing to decide on. */
  recall(measured: readonly { readonly trial: number; readonly metrics: Metrics }[]): void {
    const met = measured.find(({ metrics }) => this.#meets(metrics));
    if (met) this.evidence = { reason: 'target', trial: met.trial, metrics: met.metrics };
  }

  #meets(metrics: Metrics): boolean {
    const { target = [] } = this.#rules;
    return target.length > 0 && violation(metrics, [...target, ...this.#goal.constraints]) === 0;
  }

  #watch(trial: number, metrics: Metrics | undefined, patience: number): void {
    const grew = metrics !== undefined && this.#insert(metrics);
    this.#fix(trial, metrics);
    if (!this.#frame) return;
    const last = this.#history.at(-1);
    this.#history.push(grew || last === undefined ? this.#hypervolume(this.#frame) : last);
    const results = this.#history.length - 1;
    if (results < Math.max(fewestResults, patience)) return;
    const [before, hypervolume] = [this.#history[results - patience]!, this.#history[results]!];
    if (hypervolume > 0 && hypervolume - before < growth * hypervolume)
      this.evidence = { reason: 'converged', results: patience, before, hypervolume };
  }

  #insert(metrics: Metrics): boolean {
    const { objectives, constraints } = this.#goal;
    const point = { losses: losses(metrics, objectives), violation: violation(metrics, constraints), value: metrics };
    return this.#archive.insert(point);
  }

  /** The frame stands when all initial trials have a result. */
  #fix(trial: number, metrics: Metrics | undefined): void {
    if (this.#frame || trial >= this.#initial || this.#fixed.has(trial)) return;
    this.#fixed.set(trial, metrics);
    if (this.#fixed.size < this.#initial) return;
    const known = [...this.#fixed.values()].filter((each) => each !== undefined);
    this.#frame = hypervolumeFrame(known, this.#goal.objectives, this.#rules.logScale);
  }

  #hypervolume(frame: HypervolumeFrame): number {
    return hypervolumeIn(
      frame,
      this.#archive.front().map(({ value }) => value),
    );
  }
}
