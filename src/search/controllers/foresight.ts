import type { Candidate } from '../../core/candidate.ts';
import type { ControllerContext } from '../../core/controller.ts';
import { type Constraint, type Metrics, violation } from '../../core/objective.ts';
import type { Rng } from '../../core/rng.ts';
import { mutate } from '../space/mutate.ts';
import type { Space } from '../space/space.ts';

/** Changes tried to bring a candidate inside the constraints. */
const repairs = 80;
/** Predictions are kept for this many candidates: breeding meets the same ones again and again. */
const remembered = 20_000;

/** What is known of candidates before they are tried: exact metrics, and so how far they miss the constraints. */
export class Foresight {
  readonly #context: ControllerContext<Space>;
  readonly #byKey = new Map<string, Metrics>();
  /** No constraint is on a metric that is known beforehand: a prediction takes milliseconds. */
  #pointless = false;

  constructor(context: ControllerContext<Space>) {
    this.#context = context;
  }

  /** Exact metrics of a candidate of the space; empty where nothing is known of it. */
  metrics(candidate: Candidate): Metrics {
    const { predict, space } = this.#context;
    if (!predict) return {};
    const key = space.parameters.map(({ name }) => candidate[name]).join('|');
    const known = this.#byKey.get(key);
    if (known) return known;
    const metrics = predict(candidate) ?? {};
    if (this.#byKey.size >= remembered) this.#byKey.clear();
    this.#byKey.set(key, metrics);
    return metrics;
  }

  /** How far a candidate surely misses the constraints, as `violation` measures it; what is not known counts as met. */
  violation(candidate: Candidate): number {
    const { constraints } = this.#context.goal;
    if (constraints.length === 0 || this.#pointless) return 0;
    const metrics = this.metrics(candidate);
    const foreseen = constraints.filter(({ metric }) => metrics[metric] !== undefined).map((each) => this.#relaxed(each));
    // Estimates may be there for one candidate and not for another.
    const never = !constraints.some(({ metric }) => this.#context.doubt?.[metric] !== undefined);
    this.#pointless = never && foreseen.length === 0 && Object.keys(metrics).length > 0;
    return violation(metrics, foreseen);
  }

  /** A bound as far away as an estimate may be wrong: what misses it surely misses. */
  #relaxed(constraint: Constraint): Constraint {
    const doubt = this.#context.doubt?.[constraint.metric];
    if (doubt === undefined) return constraint;
    return { ...constraint, bound: constraint.op === '<=' ? constraint.bound * (1 + doubt) : constraint.bound / (1 + doubt) };
  }

  /** A candidate nearer to the constraints, by single changes that each bring it nearer; the same one where none does. */
  repair(candidate: Candidate, rng: Rng): Candidate {
    let best = candidate;
    let least = this.violation(best);
    for (let i = 0; i < repairs && least > 0; i++) {
      const changed = mutate(this.#context.space, best, rng);
      const miss = this.violation(changed);
      if (miss < least) [best, least] = [changed, miss];
    }
    return best;
  }
}
