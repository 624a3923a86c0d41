import type { Candidate } from '../../../core/candidate.ts';
import type { Controller, ControllerContext, ControllerDefinition, TrialResult } from '../../../core/controller.ts';
import type { Json } from '../../../core/json.ts';
import { createRng, type Rng } from '../../../core/rng.ts';
import { haltonSequence } from '../../space/halton.ts';
import type { Space } from '../../space/space.ts';
import { Elite } from '../elite.ts';
import { History, type Observed } from '../history.ts';
import { breed } from './breed.ts';
import { Kernels } from './kernels.ts';
import { SurrogateModel } from './model.ts';

/** Results before the models have a say. */
const startup = 8;
/** Results that the models learn from: the best, and the latest of the others. */
const bestResults = 120;
const allResults = 200;
/** Pending and failed trials that they heed: the latest. */
const others = 64;

/**
 * Learns from all results what each metric will be (a Gaussian process for those that only a trial shows; exact ones are
 * taken as they are) and tries what promises the largest growth of the hypervolume, in the manner of Emmerich et al. 2011
 * and of kriging believers (Ginsbourger et al. 2010) for the trials that still run.
 */
export const surrogate: ControllerDefinition<Space> = {
  name: 'surrogate',
  summary: 'learns from all trials what the next one promises (Gaussian processes, expected hypervolume)',
  create: (context) => new SurrogateController(context),
};

class SurrogateController implements Controller {
  readonly #context: ControllerContext<Space>;
  readonly #history: History;
  readonly #kernels: Kernels;
  readonly #elite = new Elite<Observed>(bestResults);
  readonly #even: (index: number) => Candidate;

  constructor(context: ControllerContext<Space>) {
    this.#context = context;
    this.#history = new History(context);
    this.#kernels = new Kernels(context);
    this.#even = haltonSequence(context.space, context.seed);
  }

  ask(trial: number): Candidate | undefined {
    const { proposals } = this.#history;
    const rng = createRng(this.#context.seed, 'surrogate', trial);
    const learned = this.#history.results.length >= startup ? this.#promising(trial, rng) : undefined;
    const candidate = learned ?? proposals.firstNew(1, () => this.#even(trial)) ?? proposals.random(rng);
    if (candidate) this.asked(trial, candidate);
    return candidate;
  }

  asked(trial: number, candidate: Candidate): void {
    this.#history.asked(trial, candidate);
  }

  tell(result: TrialResult): void {
    const observed = this.#history.tell(result);
    if (observed) this.#elite.add(observed);
  }

  save(): Json {
    return { history: this.#history.save(), kernels: this.#kernels.save() };
  }

  restore(state: Json): void {
    const { history, kernels } = state as { readonly history: Json; readonly kernels: Json };
    this.#history.restore(history);
    this.#kernels.restore(kernels);
    for (const result of this.#history.results) this.#elite.add(result);
  }

  /** The most promising new candidate of those bred from the best. */
  #promising(trial: number, rng: Rng): Candidate | undefined {
    const { proposals, results } = this.#history;
    const model = this.#model(trial);
    const bred = breed({
      space: this.#context.space,
      parents: this.#elite
        .members()
        .slice(0, 30)
        .map(({ candidate }) => candidate),
      worth: (candidate, parent) => model.worth(candidate, parent),
      exactWorth: (candidate) => (proposals.isNew(candidate) ? model.exactWorth(candidate) : 0),
      children: Math.max(70, Math.min(150, Math.floor(12_000 / Math.min(results.length, allResults)))),
      rng,
    });
    return bred.find((candidate) => proposals.firstNew(1, () => candidate));
  }

  #model(trial: number): SurrogateModel {
    const { results, proposals } = this.#history;
    const foreseen = proposals.foresight.metrics(results[0]!.candidate);
    this.#kernels.learn(results, (metric) => foreseen[metric] !== undefined);
    const data = {
      results: this.#trainingSet(),
      pending: this.#history.pending().slice(-others),
      failures: this.#history.failures().slice(-others),
    };
    const parts = { context: this.#context, foresight: proposals.foresight, ...this.#kernels.parts };
    return new SurrogateModel(parts, data, trial);
  }

  #trainingSet(): readonly Observed[] {
    const { results } = this.#history;
    if (results.length <= allResults) return results;
    const best = this.#elite.members();
    const known = new Set(best);
    const rest = results.slice(-allResults).filter((result) => !known.has(result));
    return [...best, ...rest.slice(-(allResults - best.length))];
  }
}
