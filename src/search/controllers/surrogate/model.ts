import type { Candidate } from '../../../core/candidate.ts';
import type { ControllerContext } from '../../../core/controller.ts';
import type { Space } from '../../space/space.ts';
import type { Losses } from '../../study/losses.ts';
import type { Foresight } from '../foresight.ts';
import type { Observed } from '../history.ts';
import { GaussianProcess, type Prediction } from './gaussian-process.ts';
import { ExpectedImprovement, normalCdf } from './improvement.ts';
import type { KernelParameters, Similarity } from './kernel.ts';
import { type Quantity, quantitiesOf, Standardized } from './targets.ts';

export interface ModelParts {
  readonly context: ControllerContext<Space>;
  readonly foresight: Foresight;
  /** A candidate at a fidelity as the point that the models see. */
  readonly encode: (candidate: Candidate, fidelity: number) => Uint8Array;
  readonly similarities: readonly Similarity[];
  readonly kernelOf: (metric: string) => KernelParameters;
}

export interface ModelData {
  readonly results: readonly Observed[];
  readonly pending: readonly Candidate[];
  readonly failures: readonly Candidate[];
}

/** The metric of one goal: known exactly, or a process that learned it. Predictions are standardized losses. */
interface Gauge {
  readonly scale: Standardized;
  readonly quantity: Quantity;
  readonly process: GaussianProcess | undefined;
}

/** At most so many objectives enter the improvement; of more, other three in every ask. */
const most = 3;

/** Models of all metrics that only a trial shows, and what one more trial is worth by them. */
export class SurrogateModel {
  readonly #parts: ModelParts;
  readonly #gauges: ReadonlyMap<string, Gauge>;
  readonly #objectives: readonly string[];
  readonly #improvement: ExpectedImprovement;
  readonly #anyFeasible: boolean;

  /** `turn`: number of the ask. */
  constructor(parts: ModelParts, data: ModelData, turn: number) {
    this.#parts = parts;
    const names = parts.context.goal.objectives.map(({ metric }) => metric);
    this.#objectives = names.length <= most ? names : Array.from({ length: most }, (_, i) => names[(turn + i) % names.length]!);
    this.#gauges = this.#learn(data);
    const { results } = data;
    const feasible = results.flatMap((result, i) => (result.violation === 0 ? [this.#lossesOf(result, i)] : []));
    this.#anyFeasible = feasible.length > 0;
    const reference = this.#objectives.map((name) => this.#referenceOf(name));
    const expected = data.pending.map((candidate) => this.#lossesAt(candidate));
    this.#improvement = new ExpectedImprovement([...feasible, ...expected], reference);
  }

  /** The expected growth of the hypervolume, where a point is feasible; the chance of that as long as nothing is. */
  worth(candidate: Candidate): number {
    const point = this.#parts.encode(candidate, 1);
    const predictions = new Map<string, Prediction>();
    const chance = this.#chance(candidate, point, predictions);
    if (!this.#anyFeasible || chance === 0) return chance;
    const losses = this.#objectives.map((name) => this.#predict(name, candidate, point, predictions));
    return chance * this.#improvement.of(losses);
  }

  /** A process for each metric that cannot be foreseen; pending trials are taken to end as expected, failed ones badly. */
  #learn({ results, pending, failures }: ModelData): Map<string, Gauge> {
    const { context, foresight, encode, similarities, kernelOf } = this.#parts;
    const quantities = quantitiesOf(
      context,
      results.map(({ metrics }) => metrics),
    );
    const gauges = quantities.map((quantity): [string, Gauge] => {
      const { metric, toLoss } = quantity;
      const having = results.filter(({ metrics }) => metrics[metric] !== undefined);
      const scale = new Standardized(having.map(({ metrics }) => toLoss(metrics[metric]!)));
      if (foresight.metrics(results[0]!.candidate)[metric] !== undefined)
        return [metric, { scale, quantity, process: undefined }];
      const process = new GaussianProcess(similarities, kernelOf(metric), having.length + failures.length + pending.length);
      for (const [i, { candidate, fidelity }] of having.entries()) process.add(encode(candidate, fidelity), scale.values[i]!);
      for (const candidate of failures) process.add(encode(candidate, 1), scale.worst);
      const points = pending.map((candidate) => encode(candidate, 1));
      const believed = points.map((point) => process.mean(point));
      for (const [i, point] of points.entries()) process.add(point, believed[i]!);
      return [metric, { scale, quantity, process }];
    });
    return new Map(gauges);
  }

  /** The losses of result number `index` without the noise of its measurement, and as they would be after a full training. */
  #lossesOf({ candidate, fidelity }: Observed, index: number): Losses {
    if (fidelity < 1) return this.#lossesAt(candidate);
    return this.#objectives.map((name) => this.#gauges.get(name)!.process?.fitted(index) ?? this.#exact(name, candidate));
  }

  /** What is expected of a candidate. */
  #lossesAt(candidate: Candidate): Losses {
    const point = this.#parts.encode(candidate, 1);
    return this.#objectives.map((name) => {
      const { process } = this.#gauges.get(name)!;
      return process ? process.mean(point) : this.#exact(name, candidate);
    });
  }

  #referenceOf(name: string): number {
    const { values } = this.#gauges.get(name)!.scale;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high + 0.1 * (high - low) + 1e-9;
  }

  #predict(name: string, candidate: Candidate, point: Uint8Array, known: Map<string, Prediction>): Prediction {
    const found = known.get(name);
    if (found) return found;
    const { process } = this.#gauges.get(name)!;
    const prediction = process ? process.predict(point) : { mean: this.#exact(name, candidate), deviation: 0 };
    known.set(name, prediction);
    return prediction;
  }

  #exact(name: string, candidate: Candidate): number {
    const { scale, quantity } = this.#gauges.get(name)!;
    return scale.place(quantity.toLoss(this.#parts.foresight.metrics(candidate)[name]!));
  }

  /** The chance that all constraints are met. */
  #chance(candidate: Candidate, point: Uint8Array, predictions: Map<string, Prediction>): number {
    let chance = 1;
    for (const { metric, bound } of this.#parts.context.goal.constraints) {
      const { scale, quantity } = this.#gauges.get(metric)!;
      const { mean, deviation } = this.#predict(metric, candidate, point, predictions);
      const slack = scale.place(quantity.toLoss(bound)) - mean;
      chance *= deviation === 0 ? Number(slack >= -1e-9) : normalCdf(slack / deviation);
    }
    return chance;
  }
}
