import type { Losses } from '../../study/losses.ts';
import type { Prediction } from './gaussian-process.ts';

/** A part of the region that no point of a front dominates; `low` may be -infinity. */
interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/**
 * The expected growth of the hypervolume by one more point whose losses are independent and normal (Emmerich, Deutz,
 * Klinkenberg 2011, "Hypervolume-based expected improvement"): the region that is not dominated is cut into boxes, and in
 * each the expectation is a product. An exact loss has deviation 0. Up to three objectives.
 */
export class ExpectedImprovement {
  /** By objective, the distinct bounds of all boxes: what they share is computed once. */
  readonly #bounds: readonly number[][];
  /** Of every box, objective by objective, the places of its low and high bound. */
  readonly #places: Uint16Array;
  /** By objective: the expectation at every bound. */
  readonly #below: readonly Float64Array[];

  constructor(front: readonly Losses[], reference: Losses) {
    const inside = front.filter((losses) => losses.every((loss, k) => loss < reference[k]!));
    const boxes = boxesOf(inside, reference);
    this.#bounds = reference.map((_, k) => [...new Set(boxes.flatMap(({ low, high }) => [low[k]!, high[k]!]))]);
    this.#below = this.#bounds.map((bounds) => new Float64Array(bounds.length));
    const placeOf = this.#bounds.map((bounds) => new Map(bounds.map((bound, place) => [bound, place])));
    this.#places = Uint16Array.from(
      boxes.flatMap(({ low, high }) => placeOf.flatMap((places, k) => [places.get(low[k]!)!, places.get(high[k]!)!])),
    );
  }

  of(losses: readonly Prediction[]): number {
    for (const [k, below] of this.#below.entries()) {
      for (const [place, bound] of this.#bounds[k]!.entries()) below[place] = expectedBelow(bound, losses[k]!);
    }
    const places = this.#places;
    const objectives = losses.length;
    let sum = 0;
    for (let at = 0; at < places.length; ) {
      let product = 1;
      for (let k = 0; k < objectives; k++, at += 2) {
        const below = this.#below[k]!;
        product *= below[places[at + 1]!]! - below[places[at]!]!;
      }
      sum += product;
    }
    return sum;
  }
}

/** E[max(0, bound - X)] of a normal X. */
export function expectedBelow(bound: number, { mean, deviation }: Prediction): number {
  if (bound === Number.NEGATIVE_INFINITY) return 0;
  if (deviation === 0) return Math.max(0, bound - mean);
  const z = (bound - mean) / deviation;
  return deviation * (z * normalCdf(z) + normalDensity(z));
}

const normalDensity = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

/** P(Z < z). W. J. Cody's rational form is not needed: Abramowitz, Stegun 7.1.26 errs by less than 1.5e-7. */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.3275911 * (Math.abs(z) / Math.SQRT2));
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const half = 0.5 * tail * Math.exp(-0.5 * z * z);
  return z < 0 ? half : 1 - half;
}

function boxesOf(front: readonly Losses[], reference: Losses): Box[] {
  if (reference.length === 1)
    return [{ low: [Number.NEGATIVE_INFINITY], high: [Math.min(reference[0]!, ...front.map(([loss]) => loss!))] }];
  return reference.length === 2 ? strips(front, reference) : slabs(front, reference);
}

/** Two objectives: between two neighbours of the staircase, everything below the left one. */
function strips(front: readonly Losses[], [right, top]: Losses): Box[] {
  const stairs: Losses[] = [];
  let bar = top!;
  for (const losses of [...front].sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!)) {
    if (losses[1]! >= bar) continue;
    stairs.push(losses);
    bar = losses[1]!;
  }
  const edges = [Number.NEGATIVE_INFINITY, ...stairs.map(([x]) => x!), right!];
  const heights = [top!, ...stairs.map(([, y]) => y!)];
  const floor = Number.NEGATIVE_INFINITY;
  return heights.map((height, i) => ({ low: [edges[i]!, floor], high: [edges[i + 1]!, height] }));
}

/** Three objectives: between two neighbours in the third, the strips of all points that are not above. */
function slabs(front: readonly Losses[], reference: Losses): Box[] {
  const sorted = [...front].sort((a, b) => a[2]! - b[2]!);
  const edges = [Number.NEGATIVE_INFINITY, ...sorted.map((losses) => losses[2]!), reference[2]!];
  return edges.slice(0, -1).flatMap((low, i) => {
    const high = edges[i + 1]!;
    if (high <= low) return [];
    return strips(sorted.slice(0, i), reference).map((strip) => ({ low: [...strip.low, low], high: [...strip.high, high] }));
  });
}
