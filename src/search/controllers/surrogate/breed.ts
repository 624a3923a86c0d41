import type { Candidate } from '../../../core/candidate.ts';
import type { Rng } from '../../../core/rng.ts';
import { cross } from '../../space/cross.ts';
import { mutate } from '../../space/mutate.ts';
import { sample } from '../../space/sample.ts';
import type { Space } from '../../space/space.ts';

export interface BreedOptions {
  readonly space: Space;
  readonly parents: readonly Candidate[];
  /** A quick guess; `parent`: where the candidate comes from, if from anywhere. */
  readonly worth: (candidate: Candidate, parent?: Candidate) => number;
  /** The same without guessing, for the first of every round. */
  readonly exactWorth: (candidate: Candidate) => number;
  /** Per round. */
  readonly children: number;
  readonly rng: Rng;
}

interface Bred {
  readonly candidate: Candidate;
  worth: number;
  exact: boolean;
}

const rounds = 4;
/** Of the first round, drawn from the whole space. */
const strangers = 0.3;
/** That live on to the next round: those that are looked at exactly. */
const survivors = 10;
const crossoverRate = 0.5;

/** A short evolution on a guessed worth, corrected round by round; those that were looked at exactly, the best first. */
export function breed({ space, parents, worth, exactWorth, children, rng }: BreedOptions): Candidate[] {
  const seen = new Map<string, Bred>();
  const look = (candidate: Candidate, parent?: Candidate) => {
    const key = space.parameters.map(({ name }) => candidate[name]).join('|');
    if (!seen.has(key)) seen.set(key, { candidate, worth: worth(candidate, parent), exact: false });
  };
  const ranked = () => [...seen.values()].sort((a, b) => b.worth - a.worth);
  let pool = parents;
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < children; i++) {
      const stranger = round === 0 && i < strangers * children;
      if (stranger || pool.length === 0) look(sample(space, rng));
      else lookAtChild(space, pool, rng, look);
    }
    for (const bred of ranked().slice(0, survivors)) {
      if (!bred.exact) Object.assign(bred, { worth: exactWorth(bred.candidate), exact: true });
    }
    pool = ranked()
      .slice(0, survivors)
      .map(({ candidate }) => candidate);
  }
  return ranked().flatMap(({ candidate, exact, worth }) => (exact && worth > 0 ? [candidate] : []));
}

function lookAtChild(
  space: Space,
  pool: readonly Candidate[],
  rng: Rng,
  look: (candidate: Candidate, parent: Candidate) => void,
) {
  const parent = rng.pick(pool);
  const crossed = rng.uniform() < crossoverRate ? cross(space, parent, rng.pick(pool), rng) : parent;
  look(mutate(space, crossed, rng, { rate: rng.pick([0.5, 1, 2]) / Math.max(1, space.parameters.length) }), parent);
}
