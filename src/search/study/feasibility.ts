import type { Candidate, Value } from '../../core/candidate.ts';
import { type Constraint, type Metrics, violation } from '../../core/objective.ts';
import { createRng } from '../../core/rng.ts';
import { countCandidates, enumerate } from '../space/count.ts';
import { fromUnit, isOrdered, levelAt, levelCount, levels, toUnit } from '../space/domain.ts';
import { mutate } from '../space/mutate.ts';
import { sample } from '../space/sample.ts';
import type { Domain, Space } from '../space/space.ts';

export interface FeasibilityParts {
  readonly space: Space;
  readonly constraints: readonly Constraint[];
  /** Exact metrics of a candidate, known without a trial; undefined where there are none. */
  readonly predict: (candidate: Candidate) => Metrics | undefined;
}

/** A constraint that is known to be missed, and what the candidate has instead. */
export interface Miss {
  readonly constraint: Constraint;
  readonly value: number;
}

/** The candidate that misses least of those looked at. `exact`: of all that there are, so that none keeps the constraints. */
interface Nearest {
  readonly candidate: Candidate;
  readonly violation: number;
  readonly exact: boolean;
}

/** So many candidates of a space are all looked at before it is said that none of them keeps the constraints. */
const mostEnumerated = 1000;

/** In a larger one so many random steps are tried, fewer where none comes near, and a fresh start is made after so many in vain. */
const mostSteps = { near: 1000, far: 200 } as const;
const patience = 50;
/** Of the parameters, at a step, on average: bounds that the straight way misses lie between the values of one. */
const movedAtOnce = 3;

/** Relative: what misses by more is not a matter of bounds that lie between two candidates. */
const nearMiss = 0.05;

/** Values of a long domain that a search along it looks at. */
const mostValues = 16;

/** Steps between two values of an ordered domain. */
const resolution = 64;

/**
 * Which candidates keep the constraints on metrics that are known before training, and the way to those that do.
 * Constraints on other metrics (accuracy, latency) say nothing here.
 */
export class Feasibility {
  readonly #parts: FeasibilityParts;
  #nearest: Nearest | undefined;

  constructor(parts: FeasibilityParts) {
    this.#parts = parts;
  }

  /** Empty where a candidate keeps the constraints, and where nothing is known of it. */
  misses(candidate: Candidate): readonly Miss[] {
    const metrics = this.#parts.predict(candidate) ?? {};
    const missed = this.#known(metrics).filter((constraint) => violation(metrics, [constraint]) > 0);
    return missed.map((constraint) => ({ constraint, value: metrics[constraint.metric]! }));
  }

  /**
   * A candidate that keeps the constraints, as near as can be found: all ordered parameters move together towards the one
   * that misses least, no further than they must, then each moves back where it may. The candidate itself where it keeps
   * them; undefined where even that one does not.
   */
  repair(candidate: Candidate): Candidate | undefined {
    if (this.#violation(candidate) === 0) return candidate;
    const target = this.nearestToFeasible();
    if (this.#violation(target) > 0) return undefined;
    return this.#wayBack(this.#shortestWay(candidate, target), candidate);
  }

  /**
   * The candidate that misses the constraints least, as far as can be seen: parameter by parameter the best of its values, until
   * none helps any more (coordinate descent), from that of all first values and from that of all last ones; where both miss, all
   * candidates of a small space, random steps in a large one.
   */
  nearestToFeasible(): Candidate {
    return this.#found().candidate;
  }

  /**
   * Whether any candidate keeps the constraints: `found`; `none`, where all were looked at; else none was found, so that there may
   * be one, and what comes nearest is `near` or `far`.
   */
  reach(): 'found' | 'near' | 'far' | 'none' {
    const { violation, exact } = this.#found();
    if (violation === 0) return 'found';
    if (exact) return 'none';
    return violation <= nearMiss ? 'near' : 'far';
  }

  #found(): Nearest {
    this.#nearest ??= this.#look();
    return this.#nearest;
  }

  #look(): Nearest {
    const straight = this.#reached(this.#descend());
    if (straight.violation === 0) return straight;
    const count = countCandidates(this.#parts.space);
    return count !== 'infinite' && count <= mostEnumerated ? this.#lookAtAll(straight) : this.#wander(straight);
  }

  #reached(candidate: Candidate): Nearest {
    return { candidate, violation: this.#violation(candidate), exact: false };
  }

  #lookAtAll(straight: Nearest): Nearest {
    let best = straight;
    for (const candidate of enumerate(this.#parts.space)) {
      const reached = this.#reached(candidate);
      if (reached.violation < best.violation) best = reached;
      if (best.violation === 0) return best;
    }
    return { ...best, exact: true };
  }

  #wander(straight: Nearest): Nearest {
    const { space } = this.#parts;
    const rng = createRng('feasibility');
    const rate = movedAtOnce / space.parameters.length;
    const isOver = (step: number) => best.violation === 0 || step >= mostSteps[best.violation <= nearMiss ? 'near' : 'far'];
    let [best, here, vain] = [straight, straight, 0];
    for (let step = 0; !isOver(step); step++) {
      const isFresh = vain === patience;
      const next = this.#reached(isFresh ? sample(space, rng) : mutate(space, here.candidate, rng, { rate }));
      vain = isFresh || next.violation < here.violation ? 0 : vain + 1;
      if (isFresh || next.violation <= here.violation) here = next;
      if (here.violation < best.violation) best = here;
    }
    return best;
  }

  #violation(candidate: Candidate): number {
    const metrics = this.#parts.predict(candidate);
    return metrics ? violation(metrics, this.#known(metrics)) : 0;
  }

  #known(metrics: Metrics): readonly Constraint[] {
    return this.#parts.constraints.filter(({ metric }) => metrics[metric] !== undefined);
  }

  #descend(): Candidate {
    const { parameters } = this.#parts.space;
    const starts = [first, last].map((end) => Object.fromEntries(parameters.map(({ name, domain }) => [name, end(domain)])));
    const ends = starts.map((start) => this.#descendFrom(start));
    return this.#violation(ends[0]!) <= this.#violation(ends[1]!) ? ends[0]! : ends[1]!;
  }

  #descendFrom(start: Candidate): Candidate {
    let best = { candidate: start, violation: this.#violation(start) };
    for (let before = Number.POSITIVE_INFINITY; best.violation > 0 && best.violation < before; ) {
      before = best.violation;
      for (const { name, domain } of this.#parts.space.parameters) {
        for (const value of someValues(domain)) {
          if (best.violation === 0) return best.candidate;
          const candidate = { ...best.candidate, [name]: value };
          const found = this.#violation(candidate);
          if (found < best.violation) best = { candidate, violation: found };
        }
      }
    }
    return best.candidate;
  }

  /** The smallest common step of all ordered parameters after which the constraints are kept, found by halving. */
  #shortestWay(from: Candidate, to: Candidate): Candidate {
    let [low, high] = [0, resolution];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#violation(this.#between(from, to, middle)) > 0) low = middle;
      else high = middle;
    }
    return this.#between(from, to, high);
  }

  #between(from: Candidate, to: Candidate, step: number): Candidate {
    if (step === resolution) return to;
    const values = this.#parts.space.parameters.map(({ name, domain }) => {
      if (!isOrdered(domain)) return [name, from[name]!] as const;
      const [a, b] = [toUnit(domain, from[name]!), toUnit(domain, to[name]!)];
      return [name, fromUnit(domain, a + ((b - a) * step) / resolution)] as const;
    });
    return Object.fromEntries(values);
  }

  #wayBack(reached: Candidate, wished: Candidate): Candidate {
    let best = reached;
    for (const { name } of this.#parts.space.parameters) {
      if (best[name] === wished[name]) continue;
      const candidate = { ...best, [name]: wished[name]! };
      if (this.#violation(candidate) === 0) best = candidate;
    }
    return best;
  }
}

const first = (domain: Domain): Value => (domain.kind === 'choice' ? domain.values[0]! : domain.min);
const last = (domain: Domain): Value => (domain.kind === 'choice' ? domain.values.at(-1)! : domain.max);

/** All values of a short domain; of a long one the ends and some between. */
function someValues(domain: Domain): readonly Value[] {
  const count = levelCount(domain);
  if (count === 'infinite') return [first(domain), last(domain)];
  if (count <= mostValues) return levels(domain)!;
  return Array.from({ length: mostValues }, (_, i) => levelAt(domain, Math.round((i * (count - 1)) / (mostValues - 1))));
}
