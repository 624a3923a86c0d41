import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerContext } from '../../core/controller.ts';
import type { Json } from '../../core/json.ts';
import { createRng } from '../../core/rng.ts';
import type { Space } from '../space/space.ts';
import { Proposals } from './proposals.ts';

/** A controller that learns nothing: it walks through the space by a plan of its own, and draws what is left. */
export abstract class WalkingController implements Controller {
  protected readonly proposals: Proposals;
  readonly #name: string;
  readonly #seed: string;

  constructor(name: string, context: ControllerContext<Space>) {
    this.proposals = new Proposals(context);
    this.#name = name;
    this.#seed = context.seed;
  }

  /** The next new candidate of the plan; undefined where it has none. */
  protected abstract planned(trial: number): Candidate | undefined;

  ask(trial: number): Candidate | undefined {
    const candidate = this.planned(trial) ?? this.proposals.random(createRng(this.#seed, this.#name, trial));
    if (candidate) this.asked(trial, candidate);
    return candidate;
  }

  asked(trial: number, candidate: Candidate): void {
    this.proposals.add(trial, candidate);
  }

  tell({ trial, candidate }: { readonly trial: number; readonly candidate: Candidate }): void {
    this.proposals.add(trial, candidate);
  }

  save(): Json {
    return this.proposals.save();
  }

  restore(state: Json): void {
    this.proposals.restore(state);
  }
}
