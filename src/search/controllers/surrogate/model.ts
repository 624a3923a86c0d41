import type { Candidate } from '../../../core/candidate.ts';
import type { ControllerContext } from '../../../core/controller.ts';
import type { Space } from '../../space/space.ts';
import type { Losses } from '../../study/losses.ts';
import type { Foresight } from '../foresight.ts';
import type { Observed } from '../history.ts';
import { type Quantity, quantitiesOf } from '../quantities.ts';
import { GaussianProcess, type Prediction } from './gaussian-process.ts';
import { ExpectedImprovement, normalCdf } from './improvement.ts';
import type { KernelParameters, Similarity } from './kernel.ts';
import { referenceOf } from './reference.ts';
import { Standardized } from './targets.ts';
import { Warp } from './warp.ts';

export interface ModelParts {
  readonly context: ControllerContext<Space>;
  readonly foresight: Foresight;
  /** A candidate at a fidelity as the point that the models see. */
  readonly encode: (candidate: Candidate, fidelity: number) => Uint8Array;
  readonly similarities: readonly Similarity[];
  readonly kernelOf: (metric: string) => KernelParameters;
  /** Of the scale on which a metric that is not exact is learned. */
  readonly bendOf: (metric: string) => number;
}

export interface ModelData {
  readonly results: readonly Observed[];
  readonly pending: readonly Candidate[];
  readonly failures: readonly Candidate[];
}

/** One metric of the goal, and the process that learned it. Predictions are standardized losses. */
interface Gauge {
  readonly scale: Standardized;
  /** The scale of the process. */
  readonly warp: Warp;
  readonly quantity: Quantity;
  readonly process: GaussianProcess;
  /** Known without a trial: the process only stands in for it where too many candidates are looked at. */
  readonly exact: boolean;
  /** Standard deviation of what is known without a trial: 0 where it is exact. */
  readonly doubt: number;
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
  /** What the processes of exact metrics are wrong by, at candidates that were looked at exactly. */
  readonly #errors = new Map<Candidate, Map<string, number>>();

  /** `turn`: number of the ask. */
  constructor(parts: ModelParts, data: ModelData, turn: number) {
    this.#parts = parts;
    const names = parts.context.goal.objectives.map(({ metric }) => metric);
    this.#objectives = names.length <= most ? names : Array.from({ length: most }, (_, i) => names[(turn + i) % names.length]!);
    this.#gauges = this.#learn(data);
    const { results } = data;
    const feasible = results.flatMap((result, i) => (result.violation === 0 ? [this.#lossesOf(result, i)] : []));
    this.#anyFeasible = feasible.length > 0;
    const worst = this.#objectives.map((name) => this.#worstOf(name));
    const expected = data.pending.map((candidate) => this.#lossesAt(candidate));
    this.#improvement = new ExpectedImprovement([...feasible, ...expected], referenceOf(feasible, worst, turn));
  }

  /**
   * The expected growth of the hypervolume, times the chance of being feasible; that chance alone as long as nothing is.
   * Metrics that can be known exactly are guessed, which is quicker: from the process, and from what it was wrong by at a
   * candidate `near` that `exactWorth` has looked at.
   */
  worth(candidate: Candidate, near?: Candidate): number {
    const errors = near && this.#errors.get(near);
    return this.#worth(candidate, (name, point) => {
      const { process, exact, doubt, warp } = this.#gauges.get(name)!;
      return exact
        ? { mean: process.mean(point) + (errors?.get(name) ?? 0), deviation: doubt }
        : warp.lossOf(process.predict(point));
    });
  }

  exactWorth(candidate: Candidate): number {
    const errors = new Map<string, number>();
    this.#errors.set(candidate, errors);
    return this.#worth(candidate, (name, point) => {
      const { process, exact, doubt, warp } = this.#gauges.get(name)!;
      if (!exact) return warp.lossOf(process.predict(point));
      const mean = this.#exactLoss(name, candidate);
      errors.set(name, mean - process.mean(point));
      return { mean, deviation: doubt };
    });
  }

  #worth(candidate: Candidate, predict: (name: string, point: Uint8Array) => Prediction): number {
    const point = this.#parts.encode(candidate, 1);
    const known = new Map<string, Prediction>();
    const predicted = (name: string) => {
      const prediction = known.get(name) ?? predict(name, point);
      known.set(name, prediction);
      return prediction;
    };
    const chance = this.#chance(predicted);
    if (!this.#anyFeasible || chance === 0) return chance;
    return chance * this.#improvement.of(this.#objectives.map(predicted));
  }

  /** A process for each metric; pending trials are taken to end as expected, failed ones badly. */
  #learn({ results, pending, failures }: ModelData): Map<string, Gauge> {
    const { context, foresight, encode, similarities, kernelOf, bendOf } = this.#parts;
    const quantities = quantitiesOf(
      context,
      results.map(({ metrics }) => metrics),
    );
    const gauges = quantities.map((quantity): [string, Gauge] => {
      const { metric, toLoss } = quantity;
      const exact = foresight.metrics(results[0]!.candidate)[metric] !== undefined;
      const having = results.filter(({ metrics }) => metrics[metric] !== undefined);
      const scale = new Standardized(having.map(({ metrics }) => toLoss(metrics[metric]!)));
      const warp = new Warp(scale.values, exact ? 0 : bendOf(metric));
      const process = new GaussianProcess(similarities, kernelOf(metric), having.length + failures.length + pending.length);
      for (const [i, { candidate, fidelity }] of having.entries()) process.add(encode(candidate, fidelity), warp.values[i]!);
      const doubt = this.#doubtOf(quantity, scale, having);
      if (exact) return [metric, { scale, warp, quantity, process, exact, doubt }];
      for (const candidate of failures) process.add(encode(candidate, 1), warp.to(scale.worst));
      const points = pending.map((candidate) => encode(candidate, 1));
      const believed = points.map((point) => process.mean(point));
      for (const [i, point] of points.entries()) process.add(point, believed[i]!);
      return [metric, { scale, warp, quantity, process, exact, doubt }];
    });
    return new Map(gauges);
  }

  /** 95 % of the estimates lie within two standard deviations; at the mean of what was seen, where it is not the same everywhere. */
  #doubtOf({ metric, toLoss }: Quantity, scale: Standardized, seen: readonly Observed[]): number {
    const share = this.#parts.context.doubt?.[metric];
    if (share === undefined) return 0;
    const mean = seen.reduce((sum, { metrics }) => sum + metrics[metric]!, 0) / seen.length;
    return Math.abs(scale.place(toLoss(mean * (1 + share))) - scale.place(toLoss(mean))) / 2;
  }

  /** The losses of result number `index` without the noise of its measurement, and as they would be after a full training. */
  #lossesOf({ candidate, fidelity }: Observed, index: number): Losses {
    if (fidelity < 1) return this.#lossesAt(candidate);
    return this.#objectives.map((name) => {
      const { process, exact, scale, warp } = this.#gauges.get(name)!;
      return exact ? scale.values[index]! : warp.from(process.fitted(index));
    });
  }

  /** What is expected of a candidate. */
  #lossesAt(candidate: Candidate): Losses {
    const point = this.#parts.encode(candidate, 1);
    return this.#objectives.map((name) => {
      const { process, exact, warp } = this.#gauges.get(name)!;
      return exact ? this.#exactLoss(name, candidate) : warp.from(process.mean(point));
    });
  }

  /** A little beyond the worst loss seen. */
  #worstOf(name: string): number {
    const { values } = this.#gauges.get(name)!.scale;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high + 0.1 * (high - low) + 1e-9;
  }

  #exactLoss(name: string, candidate: Candidate): number {
    const { scale, quantity, process } = this.#gauges.get(name)!;
    const value = this.#parts.foresight.metrics(candidate)[name];
    return value === undefined ? process.mean(this.#parts.encode(candidate, 1)) : scale.place(quantity.toLoss(value));
  }

  /** The chance that all constraints are met. */
  #chance(predicted: (name: string) => Prediction): number {
    let chance = 1;
    for (const { metric, bound } of this.#parts.context.goal.constraints) {
      const { scale, quantity } = this.#gauges.get(metric)!;
      const { mean, deviation } = predicted(metric);
      const slack = scale.place(quantity.toLoss(bound)) - mean;
      chance *= deviation === 0 ? Number(slack >= -1e-9) : normalCdf(slack / deviation);
    }
    return chance;
  }
}
