import type { Candidate, Value } from '../../core/candidate.ts';
import { createRng } from '../../core/rng.ts';
import { quantile } from './domain.ts';
import type { Space } from './space.ts';

/** Digits are drawn until they move a point by less than this. */
const resolution = 1e-6;

/**
 * Points of [0, 1)^dimensions that cover it more evenly than independent draws: number `index` of the Halton sequence, the
 * digits of every dimension shuffled by the seed (Owen 2017, "A randomized Halton algorithm in R"), which keeps high
 * dimensions from moving in step.
 */
export function haltonPoints(dimensions: number, seed: string): (index: number) => number[] {
  const bases = primes(dimensions);
  const digits = bases.map((base, d) => shuffledDigits(base, d, seed));
  return (index) => bases.map((base, d) => radicalInverse(index, base, digits[d]!));
}

/** Candidates that cover a space evenly, by `haltonPoints`. The marginals are those of `sample`. */
export function haltonSequence(space: Space, seed: string): (index: number) => Candidate {
  const pointAt = haltonPoints(space.parameters.length, seed);
  return (index) => {
    const point = pointAt(index);
    return Object.fromEntries(
      space.parameters.map(({ name, domain }, d): [string, Value] => [name, quantile(domain, point[d]!)]),
    );
  };
}

/** A permutation of the digits for every place behind the point. */
function shuffledDigits(base: number, dimension: number, seed: string): number[][] {
  const places = Math.ceil(-Math.log(resolution) / Math.log(base));
  const plain = Array.from({ length: base }, (_, digit) => digit);
  return Array.from({ length: places }, (_, place) => createRng(seed, 'halton', dimension, place).shuffle(plain));
}

/** The digits of `index` mirrored at the point, each through its permutation; in [0, 1). */
function radicalInverse(index: number, base: number, permutations: readonly (readonly number[])[]): number {
  let rest = index;
  let scale = 1;
  let value = 0;
  for (const permutation of permutations) {
    scale /= base;
    value += permutation[rest % base]! * scale;
    rest = Math.floor(rest / base);
  }
  return Math.min(value, 1 - resolution / 2);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}
