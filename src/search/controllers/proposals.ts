import type { Candidate, Value } from '../../core/candidate.ts';
import type { ControllerContext } from '../../core/controller.ts';
import type { Json } from '../../core/json.ts';
import type { Rng } from '../../core/rng.ts';
import { countCandidates, enumerate } from '../space/count.ts';
import { sample } from '../space/sample.ts';
import type { Space } from '../space/space.ts';
import { Foresight } from './foresight.ts';

/** Random draws before the space is searched for what is left. */
const draws = 100;
/** Spaces up to this size are walked to the end; in larger ones `manyDraws` draws without a new network count as the end. */
const walkLimit = 100_000n;
const manyDraws = 2000;
/** Draws that miss a constraint before the best of them is repaired. */
const mostMisses = 30;

type SavedProposal = readonly [number, ...Value[]] | readonly [number, Candidate];

/**
 * All candidates proposed so far, by trial, and the way to new ones: never proposed before, and not known to miss a
 * constraint (`predict`). Where nothing else is left, those that miss the constraints least, after one word to the user.
 */
export class Proposals {
  readonly foresight: Foresight;
  readonly #context: ControllerContext<Space>;
  /** A list: of a map, every trial would take fifty bytes more. */
  readonly #byTrial: (Candidate | undefined)[] = [];
  readonly #keys = new Set<string>();
  readonly #walkable: boolean;
  /** Where the walk through a small space stands: everything before is known, or misses a constraint. */
  #walk: Iterator<Candidate> | undefined;
  /** What the walk met that misses a constraint. */
  readonly #misses: { readonly candidate: Candidate; readonly violation: number }[] = [];
  #feasibleExists = false;
  #said = false;

  constructor(context: ControllerContext<Space>) {
    this.#context = context;
    this.foresight = new Foresight(context);
    const count = countCandidates(context.space);
    this.#walkable = count !== 'infinite' && count <= walkLimit;
  }

  add(trial: number, candidate: Candidate): void {
    if (this.#byTrial[trial]) return;
    this.#byTrial[trial] = candidate;
    this.#keys.add(this.#context.keyOf(candidate));
  }

  get(trial: number): Candidate | undefined {
    return this.#byTrial[trial];
  }

  /** All of them, by trial. */
  *entries(): IterableIterator<[number, Candidate]> {
    for (const [trial, candidate] of this.#byTrial.entries()) if (candidate) yield [trial, candidate];
  }

  /** Whether a candidate means a network that was not proposed yet. */
  isNew(candidate: Candidate): boolean {
    return !this.#keys.has(this.#context.keyOf(candidate));
  }

  /** The first of at most `tries` candidates that is new and may satisfy the constraints. */
  firstNew(tries: number, propose: () => Candidate): Candidate | undefined {
    for (let i = 0; i < tries; i++) {
      const candidate = propose();
      if (this.isNew(candidate) && this.foresight.violation(candidate) === 0) return candidate;
    }
    return undefined;
  }

  /** A new candidate, drawn evenly; undefined when the space has none left. */
  random(rng: Rng): Candidate | undefined {
    const drawn = this.#draw(rng);
    if (drawn.feasible) return drawn.feasible;
    if (this.#walkable) return this.#nextInWalk() ?? this.#nextMiss();
    return drawn.nearest && this.#nearMiss(drawn.nearest);
  }

  /** By trial: the values in the order of the space's parameters; a candidate from outside the space as it is. */
  save(): Json {
    return [...this.entries()].map(([trial, candidate]) => {
      const values = this.#context.space.parameters.map(({ name }) => candidate[name]);
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
    return Object.fromEntries(this.#context.space.parameters.map(({ name }, i) => [name, values[i]!]));
  }

  /** Draws until one is new and may satisfy the constraints, else the one that comes nearest. */
  #draw(rng: Rng): { readonly feasible?: Candidate; readonly nearest?: Candidate } {
    let nearest: Candidate | undefined;
    let least = Number.POSITIVE_INFINITY;
    let misses = 0;
    const most = this.#walkable ? draws : manyDraws;
    for (let i = 0; i < most && misses < mostMisses; i++) {
      const candidate = sample(this.#context.space, rng);
      if (!this.isNew(candidate)) continue;
      const violation = this.foresight.violation(candidate);
      if (violation === 0) return { feasible: candidate };
      misses++;
      if (violation < least) [nearest, least] = [candidate, violation];
    }
    if (!nearest) return {};
    const repaired = this.foresight.repair(nearest, rng);
    if (!this.isNew(repaired)) return { nearest };
    return this.foresight.violation(repaired) === 0 ? { feasible: repaired } : { nearest: repaired };
  }

  /** What is known stays known, so the walk never has to go back, and all of its steps together are the space once. */
  #nextInWalk(): Candidate | undefined {
    this.#walk ??= enumerate(this.#context.space);
    for (let step = this.#walk.next(); !step.done; step = this.#walk.next()) {
      const candidate = step.value;
      const violation = this.foresight.violation(candidate);
      if (violation > 0) this.#misses.push({ candidate, violation });
      else this.#feasibleExists = true;
      if (violation === 0 && this.isNew(candidate)) return candidate;
    }
    return undefined;
  }

  /** After the walk: nothing where some candidate satisfied the constraints, else the nearest miss that is new. */
  #nextMiss(): Candidate | undefined {
    if (this.#feasibleExists) return undefined;
    this.#misses.sort((a, b) => b.violation - a.violation);
    for (let miss = this.#misses.pop(); miss; miss = this.#misses.pop()) {
      if (this.isNew(miss.candidate)) return this.#nearMiss(miss.candidate);
    }
    return undefined;
  }

  #nearMiss(candidate: Candidate): Candidate {
    if (!this.#said) {
      const bounds = this.#context.goal.constraints.map(({ metric, op, bound }) => `${metric} ${op} ${bound}`).join(', ');
      this.#context.say?.(`No new candidate was found that can satisfy ${bounds}: the nearest misses are tried.`);
    }
    this.#said = true;
    return candidate;
  }
}
