import type { Candidate } from '../../../core/candidate.ts';
import type { ControllerContext, ControllerDefinition, TrialResult } from '../../../core/controller.ts';
import type { Json } from '../../../core/json.ts';
import type { Rng } from '../../../core/rng.ts';
import type { Space } from '../../space/space.ts';
import type { Observed } from '../history.ts';
import { HistoryController } from '../history-controller.ts';
import { breed } from './breed.ts';
import { Kernels } from './kernels.ts';
import { SurrogateModel } from './model.ts';

/** Results before the models have a say. */
const startup = 8;
/** Results that the models learn from: the best, and the latest of the others. */
const bestResults = 110;
const allResults = 180;
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

class SurrogateController extends HistoryController {
  /** 3: kernels with a rough part. 4: outliers are told by quartiles. 5: bent losses. */
  override readonly stateVersion = 5;
  readonly #kernels: Kernels;

  constructor(context: ControllerContext<Space>) {
    super(context, { name: 'surrogate', startup, eliteSize: bestResults });
    this.#kernels = new Kernels(context);
  }

  protected learned(trial: number, rng: Rng): Candidate | undefined {
    return this.#promising(trial, rng) ?? this.evenly(trial);
  }

  /** Kernels are learned here: what they are depends on what was told alone, not on when somebody asked. */
  override tell(result: TrialResult): void {
    super.tell(result);
    const { results, proposals } = this.history;
    if (results.length === 0) return;
    const foreseen = proposals.foresight.metrics(results[0]!.candidate);
    this.#kernels.learn(results, (metric) => foreseen[metric] !== undefined);
  }

  override save(): Json {
    return { history: super.save(), kernels: this.#kernels.save() };
  }

  override restore(state: Json): void {
    const { history, kernels } = state as { readonly history: Json; readonly kernels: Json };
    super.restore(history);
    this.#kernels.restore(kernels);
  }

  /** The most promising new candidate of those bred from the best. */
  #promising(trial: number, rng: Rng): Candidate | undefined {
    const { proposals, results } = this.history;
    const model = this.#model(trial);
    const bred = breed({
      space: this.context.space,
      parents: this.history
        .elite()
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
    const { proposals } = this.history;
    const data = {
      results: this.#trainingSet(),
      pending: this.history.pending().slice(-others),
      failures: this.history.failures().slice(-others),
    };
    const parts = { context: this.context, foresight: proposals.foresight, ...this.#kernels.parts };
    return new SurrogateModel(parts, data, trial);
  }

  #trainingSet(): readonly Observed[] {
    const { results } = this.history;
    if (results.length <= allResults) return results;
    const best = this.history.elite();
    const known = new Set(best);
    const rest = results.slice(-allResults).filter((result) => !known.has(result));
    return [...best, ...rest.slice(-(allResults - best.length))];
  }
}
