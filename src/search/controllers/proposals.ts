import type { Candidate, Value } from '../../core/candidate.ts';
import type { Json } from '../../core/json.ts';
import type { Rng } from '../../core/rng.ts';
import { countCandidates, enumerate } from '../space/count.ts';
import { sample } from '../space/sample.ts';
import type { Space } from '../space/space.ts';

/** Random draws before the space is searched for what is left. */
const draws = 100;
/** Spaces up to this size are walked to the end; in larger ones `manyDraws` draws without a new network count as the end. */
const walkLimit = 100_000n;
const manyDraws = 2000;

type SavedProposal = readonly [number, ...Value[]] | readonly [number, Candidate];

/** All candidates proposed so far, by trial, and the way to new ones. */
export class Proposals {
  readonly #space: Space;
  readonly #keyOf: (candidate: Candidate) => string;
  readonly #byTrial = new Map<number, Candidate>();
  readonly #keys = new Set<string>();
  readonly #walkable: boolean;
  /** Where the walk through a small space stands: everything before is known. */
  #walk: Iterator<Candidate> | undefined;

  constructor(space: Space, keyOf: (candidate: Candidate) => string) {
    this.#space = space;
    this.#keyOf = keyOf;
    const count = countCandidates(space);
    this.#walkable = count !== 'infinite' && count <= walkLimit;
  }

  add(trial: number, candidate: Candidate): void {
    if (this.#byTrial.has(trial)) return;
    this.#byTrial.set(trial, candidate);
    this.#keys.add(this.#keyOf(candidate));
  }

  get(trial: number): Candidate | undefined {
    return this.#byTrial.get(trial);
  }

  /** The first of at most `tries` candidates that means a new network. */
  firstNew(tries: number, propose: () => Candidate): Candidate | undefined {
    for (let i = 0; i < tries; i++) {
      const candidate = propose();
      if (this.#isNew(candidate)) return candidate;
    }
    return undefined;
  }

  /** A new candidate, drawn evenly; undefined when the space has none left. */
  random(rng: Rng): Candidate | undefined {
    const draw = () => sample(this.#space, rng);
    if (!this.#walkable) return this.firstNew(manyDraws, draw);
    return this.firstNew(draws, draw) ?? this.#nextInWalk();
  }

  /** By trial: the values in the order of the space's parameters; a candidate from outside the space as it is. */
  save(): Json {
    return [...this.#byTrial].map(([trial, candidate]) => {
      const values = this.#space.parameters.map(({ name }) => candidate[name]);
      return values.includes(undefined) ? [trial, candidate] : [trial, ...(values as Value[])];
    });
  }

  restore(state: Json): void {
    for (const [trial, ...rest] of state as readonly SavedProposal[]) {
      const [first] = rest;
      this.add(trial, typeof first === 'object' ? first : this.#fromValues(rest as Value[]));
    }
  }

  #fromValues(values: readonly Value[]): Candidate {
    return Object.fromEntries(this.#space.parameters.map(({ name }, i) => [name, values[i]!]));
  }

  #isNew(candidate: Candidate): boolean {
    return !this.#keys.has(this.#keyOf(candidate));
  }

  /** What is known stays known, so the walk never has to go back, and all of its steps together are the space once. */
  #nextInWalk(): Candidate | undefined {
    this.#walk ??= enumerate(this.#space);
    for (let step = this.#walk.next(); !step.done; step = this.#walk.next()) {
      if (this.#isNew(step.value)) return step.value;
    }
    return undefined;
  }
}
