import type { Candidate } from '../core/candidate.ts';
import type { ControllerContext } from '../core/controller.ts';
import type { Executor } from '../core/executor.ts';
import type { Metrics } from '../core/objective.ts';
import type { StudyRecord } from '../core/store.ts';
import { formatTook } from '../dashboard/format.ts';
import type { LayerTimes } from '../network/metrics/layer-times/fit.ts';
import type { ModelSpec } from '../network/models/index.ts';
import type { Sensitivity } from '../search/sensitivity/measure.ts';
import type { StartName } from '../search/space/file/schema.ts';
import type { Space } from '../search/space/space.ts';
import type { KeyFunction } from '../search/study/keys.ts';
import type { InitialTrial } from '../search/study/proposer.ts';
import type { PreparedFacts } from '../trial/prepare.ts';
import { predictFunction, structureFunction } from './compose.ts';
import type { Given } from './given.ts';
import { describeLayerTimes, foreseenMetrics, layerTimesOf, usableLayerTimes, wantsLayerTimes } from './layer-times.ts';
import { sensitivityOf } from './sensitivity.ts';
import { foreseenWish } from './sensitivity-wish.ts';
import { anchorWish, furtherTrials, refuseOutOfReach, type StartContext, startingTrials } from './start.ts';
import { factsOf } from './study-facts.ts';

export interface ForesightContext {
  readonly record: StudyRecord;
  readonly keyOf: KeyFunction;
  /** Open. */
  readonly executor: Executor;
  readonly prepared: PreparedFacts;
  /** One line for the user. */
  readonly say: (message: string) => void;
  readonly progressOf: (stage: string) => (done: number, total: number) => void;
}

/** What a search knows of candidates before it trains them: metrics from their structure, times of layers, single choices probed. */
export class Foresight {
  /** What follows exactly from a candidate's structure. */
  readonly predict: (candidate: Candidate) => Metrics | undefined;
  /** What layers take on this machine, once it was learned; undefined where the search has no use for it. */
  times: LayerTimes | undefined;
  readonly #context: ForesightContext;

  constructor(context: ForesightContext) {
    this.#context = context;
    this.predict = this.#predictor();
  }

  /** False where the user stopped it. Throws NasError SPACE_INFEASIBLE where no candidate can keep the bounds. */
  async learnTimes(): Promise<boolean> {
    const { record, executor, prepared, say, progressOf } = this.#context;
    const { space, goal, sections } = factsOf(record);
    if (!wantsLayerTimes(goal)) return true;
    // Bounds on what the structure tells alone need no times to be out of reach.
    this.#checkReach();
    const structureOf = structureFunction(sections.model as unknown as ModelSpec, space, prepared.data);
    const { timedOn } = prepared;
    const asked = { executor, space, use: sections.latency, timedOn, baseline: prepared.baseline.hash };
    const found = await layerTimesOf({ ...asked, structureOf, progress: progressOf('layer times') });
    if (found === 'stopped') return false;
    say(describeLayerTimes(found));
    this.times = usableLayerTimes(found);
    return true;
  }

  /** What controllers know. */
  forControllers(): Pick<ControllerContext<Space>, 'doubt'> & { readonly predict: Foresight['predict'] } {
    const { times } = this;
    if (!times) return { predict: this.predict };
    const doubt = Object.fromEntries(foreseenMetrics.map((metric) => [metric, times.error]));
    return { predict: this.#predictor(times), doubt };
  }

  /** What a new study begins with; undefined where the user stopped it. Throws NasError SPACE_INFEASIBLE. */
  async startingTrials(start: readonly StartName[], { points, warm }: Given): Promise<InitialTrial[] | undefined> {
    const { space, goal } = factsOf(this.#context.record);
    const context = this.#startContext();
    const wishes = [...(start.includes('anchors') ? [anchorWish(context)] : []), ...warm];
    if (!start.includes('sensitivity')) return startingTrials(context, wishes, points);
    refuseOutOfReach(context, wishes);
    const found = await this.#probe();
    const { predict } = this.forControllers();
    return found && startingTrials(context, [...wishes, foreseenWish(space, goal, found, predict)], points);
  }

  /** What a study that goes on is given to try; what was tried before is not tried again. */
  furtherTrials({ points, warm }: Given): readonly InitialTrial[] {
    return furtherTrials(this.#startContext(), warm, points);
  }

  #checkReach(): void {
    const context = this.#startContext();
    refuseOutOfReach(context, [anchorWish(context)]);
  }

  #startContext(): StartContext {
    const { record, keyOf, say } = this.#context;
    const { space, goal, sections } = factsOf(record);
    return { model: sections.model as unknown as ModelSpec, space, goal, keyOf, predict: this.predict, say };
  }

  async #probe(): Promise<Sensitivity | undefined> {
    const { record, executor, keyOf, prepared, say, progressOf } = this.#context;
    const facts = factsOf(record);
    const found = await sensitivityOf({ executor, facts, keyOf, prepared, progress: progressOf('sensitivity') });
    if (found)
      say(`${found.probes.length} choices probed in ${formatTook(found.seconds * 1000)}${found.cached ? ' before' : ''}.`);
    return found;
  }

  #predictor(times?: LayerTimes): Foresight['predict'] {
    const { record, prepared } = this.#context;
    const { space, sections, metrics } = factsOf(record);
    return predictFunction(sections.model as unknown as ModelSpec, space, prepared.data, { times, names: metrics });
  }
}
