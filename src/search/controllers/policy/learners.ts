/** How the parameters of a policy follow gradients of what is to be maximized. Plain data in `save`. */
export interface Climber {
  climb(parameters: Float64Array, gradient: Float64Array): void;
  save(): number[];
  restore(state: readonly number[]): void;
}

export const plainClimber = (rate: number): Climber => ({
  climb(parameters, gradient) {
    for (let i = 0; i < parameters.length; i++) parameters[i]! += rate * gradient[i]!;
  },
  save: () => [],
  restore: () => {},
});

const decay = 0.9;
const slowDecay = 0.99;

/** Adam (Kingma, Ba 2015). */
export class AdamClimber implements Climber {
  readonly #rate: number;
  readonly #mean: Float64Array;
  readonly #square: Float64Array;
  #steps = 0;

  constructor(rate: number, size: number) {
    this.#rate = rate;
    this.#mean = new Float64Array(size);
    this.#square = new Float64Array(size);
  }

  climb(parameters: Float64Array, gradient: Float64Array): void {
    this.#steps++;
    const unbiased = this.#rate / (1 - decay ** this.#steps);
    const scale = 1 / (1 - slowDecay ** this.#steps);
    for (let i = 0; i < parameters.length; i++) {
      this.#mean[i] = decay * this.#mean[i]! + (1 - decay) * gradient[i]!;
      this.#square[i] = slowDecay * this.#square[i]! + (1 - slowDecay) * gradient[i]! ** 2;
      parameters[i]! += (unbiased * this.#mean[i]!) / (Math.sqrt(this.#square[i]! * scale) + 1e-8);
    }
  }

  save(): number[] {
    return [this.#steps, ...this.#mean, ...this.#square];
  }

  restore([steps, ...moments]: readonly number[]): void {
    this.#steps = steps!;
    this.#mean.set(moments.slice(0, this.#mean.length));
    this.#square.set(moments.slice(this.#mean.length));
  }
}

const momentum = 0.9;
const most = 3;

/** The advantage of a reward over the moving average of those before, in units of their usual distance from it. */
export class Baseline {
  #average: number | undefined;
  #distance = 0;

  advantage(reward: number): number {
    const average = this.#average ?? reward;
    const difference = reward - average;
    this.#distance = this.#average === undefined ? 0.1 : momentum * this.#distance + (1 - momentum) * Math.abs(difference);
    this.#average = momentum * average + (1 - momentum) * reward;
    return Math.max(-most, Math.min(most, difference / Math.max(this.#distance, 1e-6)));
  }

  save(): number[] {
    return this.#average === undefined ? [] : [this.#average, this.#distance];
  }

  restore([average, distance]: readonly number[]): void {
    this.#average = average;
    this.#distance = distance ?? 0;
  }
}
