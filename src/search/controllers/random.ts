import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerContext, ControllerDefinition } from '../../core/controller.ts';
import type { Json } from '../../core/json.ts';
import { createRng } from '../../core/rng.ts';
import { haltonSequence } from '../space/halton.ts';
import type { Space } from '../space/space.ts';
import { Proposals } from './proposals.ts';

/** The reference that every other controller is measured against. */
export const random: ControllerDefinition<Space> = {
  name: 'random',
  summary: 'covers the space evenly (scrambled Halton sequence), without repeats',
  create: (context) => new RandomController(context),
};

class RandomController implements Controller {
  readonly #seed: string;
  readonly #proposals: Proposals;
  readonly #even: (index: number) => Candidate;

  constructor(context: ControllerContext<Space>) {
    this.#seed = context.seed;
    this.#proposals = new Proposals(context);
    this.#even = haltonSequence(context.space, context.seed);
  }

  ask(trial: number): Candidate | undefined {
    const even = this.#proposals.firstNew(1, () => this.#even(trial));
    const candidate = even ?? this.#proposals.random(createRng(this.#seed, 'random', trial));
    if (candidate) this.asked(trial, candidate);
    return candidate;
  }

  asked(trial: number, candidate: Candidate): void {
    this.#proposals.add(trial, candidate);
  }

  tell({ trial, candidate }: { readonly trial: number; readonly candidate: Candidate }): void {
    this.#proposals.add(trial, candidate);
  }

  save(): Json {
    return this.#proposals.save();
  }

  restore(state: Json): void {
    this.#proposals.restore(state);
  }
}
