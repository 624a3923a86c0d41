import type { Candidate } from '../../../core/candidate.ts';
import type { Rng } from '../../../core/rng.ts';
import { cross } from '../../space/cross.ts';
import { mutate } from '../../space/mutate.ts';
import { sample } from '../../space/sample.ts';
import type { Space } from '../../space/space.ts';

export interface BreedOptions {
  readonly space: Space;
  readonly parents: readonly Candidate[];
  readonly worth: (candidate: Candidate) => number;
  /** Per round. */
  readonly children: number;
  readonly rng: Rng;
}

export interface Bred {
  readonly candidate: Candidate;
  readonly worth: number;
}

const rounds = 4;
/** Of the first round, drawn from the whole space. */
const strangers = 0.3;
/** That live on to the next round. */
const survivors = 20;
const crossoverRate = 0.5;

/** A short evolution on a cheap worth; all that were looked at, the best first. */
export function breed({ space, parents, worth, children, rng }: BreedOptions): Bred[] {
  const seen = new Map<string, Bred>();
  const look = (candidate: Candidate) => {
    const key = space.parameters.map(({ name }) => candidate[name]).join('|');
    if (!seen.has(key)) seen.set(key, { candidate, worth: worth(candidate) });
  };
  const ranked = () => [...seen.values()].sort((a, b) => b.worth - a.worth);
  let pool = parents;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < children; i++) {
      const stranger = round === 0 && i < strangers * children;
      look(stranger || pool.length === 0 ? sample(space, rng) : child(space, pool, rng));
    }
    pool = ranked()
      .slice(0, survivors)
      .map(({ candidate }) => candidate);
  }
  return ranked();
}

function child(space: Space, pool: readonly Candidate[], rng: Rng): Candidate {
  const first = rng.pick(pool);
  const crossed = rng.uniform() < crossoverRate ? cross(space, first, rng.pick(pool), rng) : first;
  return mutate(space, crossed, rng, { rate: rng.pick([0.5, 1, 2]) / Math.max(1, space.parameters.length) });
}
