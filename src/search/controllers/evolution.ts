import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerContext, ControllerDefinition, TrialResult } from '../../core/controller.ts';
import type { Json } from '../../core/json.ts';
import { losses, violation } from '../../core/objective.ts';
import { createRng, type Rng } from '../../core/rng.ts';
import { cross } from '../space/cross.ts';
import { mutate } from '../space/mutate.ts';
import type { Space } from '../space/space.ts';
import { Elite, type Evaluated } from './elite.ts';
import { Proposals } from './proposals.ts';

const eliteSize = 20;
const crossoverRate = 0.9;
/** Proposals drawn from the whole space, so that the search cannot close in on one region. */
const randomRate = 0.1;
/** Children tried with the usual mutation rate 1/D, then with `wilder` times that rate. */
const tries = 100;
const wilder = 3;

/**
 * NSGA-II (Deb et al. 2002) without generations: every ask breeds one child from the best of all results so far, so it
 * never waits for the rest of a population. Repeats are refused, and ordered knobs mutate to their neighbours.
 */
export const evolution: ControllerDefinition<Space> = {
  name: 'evolution',
  summary: 'breeds from the best trials so far (steady-state NSGA-II)',
  create: (context) => new EvolutionController(context),
};

/** trial, violation, losses … */
type SavedResult = readonly [number, number, ...number[]];

interface Saved {
  readonly proposals: Json;
  readonly results: readonly SavedResult[];
}

class EvolutionController implements Controller {
  readonly #context: ControllerContext<Space>;
  readonly #mutationRate: number;
  readonly #proposals: Proposals;
  readonly #elite = new Elite(eliteSize);
  readonly #results: Evaluated[] = [];

  constructor(context: ControllerContext<Space>) {
    this.#context = context;
    this.#mutationRate = 1 / Math.max(1, context.space.parameters.length);
    this.#proposals = new Proposals(context);
  }

  ask(trial: number): Candidate | undefined {
    const rng = createRng(this.#context.seed, 'evolution', trial);
    const explore = rng.uniform() < randomRate;
    const candidate = (explore ? undefined : this.#newChild(rng)) ?? this.#proposals.random(rng);
    if (candidate) this.asked(trial, candidate);
    return candidate;
  }

  asked(trial: number, candidate: Candidate): void {
    this.#proposals.add(trial, candidate);
  }

  tell({ trial, candidate, metrics }: TrialResult): void {
    this.#proposals.add(trial, candidate);
    if (!metrics || !isInside(this.#context.space, candidate)) return;
    const { objectives, constraints } = this.#context.goal;
    const result = { trial, candidate, losses: losses(metrics, objectives), violation: violation(metrics, constraints) };
    if (result.losses.every(Number.isFinite) && Number.isFinite(result.violation)) this.#add(result);
  }

  save(): Json {
    const results = this.#results.map(({ trial, violation, losses }) => [trial, violation, ...losses]);
    return { proposals: this.#proposals.save(), results };
  }

  restore(state: Json): void {
    const { proposals, results } = state as unknown as Saved;
    this.#proposals.restore(proposals);
    for (const [trial, violation, ...losses] of results) {
      this.#add({ trial, candidate: this.#proposals.get(trial)!, losses, violation });
    }
  }

  #add(result: Evaluated): void {
    this.#results.push(result);
    this.#elite.add(result);
  }

  #newChild(rng: Rng): Candidate | undefined {
    const parents = this.#elite.members();
    if (parents.length === 0) return undefined;
    const breed = (rate: number) => this.#proposals.firstNew(tries, () => this.#child(parents, rate, rng));
    return breed(this.#mutationRate) ?? breed(wilder * this.#mutationRate);
  }

  /** Always differs from the crossed parents in at least one parameter: mutation changes one. */
  #child(parents: readonly Evaluated[], rate: number, rng: Rng): Candidate {
    const { space } = this.#context;
    const first = tournament(parents, rng);
    const crossed = rng.uniform() < crossoverRate ? cross(space, first, tournament(parents, rng), rng) : first;
    return mutate(space, crossed, rng, { rate });
  }
}

/** Nothing can be bred from a candidate that does not set every parameter (a baseline that the space cannot express). */
function isInside(space: Space, candidate: Candidate): boolean {
  return space.parameters.every(({ name }) => candidate[name] !== undefined);
}

/** Binary tournament: the better of two, who are sorted best first. */
function tournament(parents: readonly Evaluated[], rng: Rng): Candidate {
  return parents[Math.min(rng.int(parents.length), rng.int(parents.length))]!.candidate;
}
