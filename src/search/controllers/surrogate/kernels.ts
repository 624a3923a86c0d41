import type { Candidate } from '../../../core/candidate.ts';
import type { ControllerContext } from '../../../core/controller.ts';
import type { Json } from '../../../core/json.ts';
import type { Space } from '../../space/space.ts';
import type { Observed } from '../history.ts';
import { LevelCode } from '../levels.ts';
import { quantitiesOf } from '../quantities.ts';
import { evidence, fitKernel, flatten, unflatten } from './fit.ts';
import { type KernelParameters, priorParameters, type Similarity, similarityOf } from './kernel.ts';
import { Standardized } from './targets.ts';
import { bestBend, Warp } from './warp.ts';

/** Kernels are learned anew from the first `firstFit` results, then each time when there are so many times more. */
const firstFit = 8;
const growth = 1.2;
/** Of the results, the latest at most. */
const fitted = 150;
/** Steps of a fit: as many as this work allows. */
const work = 3e7;
const fidelityLevels = 64;

interface Saved {
  readonly at: number;
  readonly parameters: Record<string, number[]>;
  readonly bends: Record<string, number>;
}

/**
 * The kernel parameters of every metric and the bend of its scale: fitted at fixed numbers of results, each fit starting
 * from the one before.
 */
export class Kernels {
  readonly #context: ControllerContext<Space>;
  readonly #code: LevelCode;
  readonly #similarities: readonly Similarity[];
  /** Results that the last fit knew. */
  #at = 0;
  #parameters: Record<string, KernelParameters> = {};
  #bends: Record<string, number> = {};

  constructor(context: ControllerContext<Space>) {
    this.#context = context;
    this.#code = new LevelCode(context.space);
    this.#similarities = [...this.#code.dimensions, { levels: fidelityLevels, ordered: true }].map(similarityOf);
  }

  /** What a model needs of them. */
  get parts() {
    return {
      encode: this.#encode,
      similarities: this.#similarities,
      kernelOf: (metric: string) => this.#parameters[metric] ?? priorParameters(this.#similarities.length),
      bendOf: (metric: string) => this.#bends[metric] ?? 0,
    };
  }

  /** All fits that are due. */
  learn(results: readonly Observed[], isExact: (metric: string) => boolean): void {
    for (let next = this.#next(); next <= results.length; next = this.#next()) {
      const seen = results.slice(Math.max(0, next - fitted), next);
      this.#fit(seen, isExact);
      this.#at = next;
    }
  }

  save(): Json {
    return {
      at: this.#at,
      parameters: Object.fromEntries(Object.entries(this.#parameters).map(([name, p]) => [name, [...flatten(p)]])),
      bends: { ...this.#bends },
    };
  }

  restore(state: Json): void {
    const { at, parameters, bends } = state as unknown as Saved;
    this.#at = at;
    this.#bends = { ...bends };
    this.#parameters = Object.fromEntries(Object.entries(parameters).map(([name, p]) => [name, unflatten(Float64Array.from(p))]));
  }

  readonly #encode = (candidate: Candidate, fidelity: number): Uint8Array =>
    Uint8Array.from([...this.#code.encode(candidate), Math.round(fidelity * (fidelityLevels - 1))]);

  #next(): number {
    return this.#at === 0 ? firstFit : Math.ceil(this.#at * growth);
  }

  #fit(results: readonly Observed[], isExact: (metric: string) => boolean): void {
    const points = results.map(({ candidate, fidelity }) => this.#encode(candidate, fidelity));
    const n = points.length;
    const steps = Math.max(6, Math.min(25, Math.floor(work / (n ** 3 + 2 * n ** 2 * this.#similarities.length))));
    const quantities = quantitiesOf(
      this.#context,
      results.map(({ metrics }) => metrics),
    );
    for (const { metric, toLoss } of quantities) {
      if (results.some(({ metrics }) => metrics[metric] === undefined)) continue;
      const { values } = new Standardized(results.map(({ metrics }) => toLoss(metrics[metric]!)));
      const start = this.#parameters[metric] ?? priorParameters(this.#similarities.length);
      const evidenceOf = (targets: Float64Array) => evidence(this.#similarities, points, targets, start).value;
      const noisy = !isExact(metric);
      const bend = noisy ? bestBend(values, this.#bends[metric] ?? 0, evidenceOf) : 0;
      const targets = new Warp(values, bend).values;
      this.#bends[metric] = bend;
      this.#parameters[metric] = fitKernel(this.#similarities, points, targets, start, { steps, noisy });
    }
  }
}
