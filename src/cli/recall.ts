import type { Outlined, TrialStore } from '../core/store.ts';
import type { Recalled } from '../dashboard/budget.ts';

/** Positions of a trial's events. */
interface Places {
  readonly asked: number;
  readonly finished?: number;
}

/**
 * What screens leave out of their model of a study, since they show little of it at a time: the candidate and the details of a
 * trial, read from the store when they are wanted. Details that were read once are kept: of what is on the front, and of what
 * somebody looked at.
 */
export class TrialRecall {
  readonly #store: TrialStore;
  readonly #study: string;
  readonly #places = new Map<number, Places>();
  readonly #known = new Map<number, { readonly finished: number; readonly recalled: Recalled }>();
  /** Events before it are noted. */
  #position = 0;

  constructor(store: TrialStore, study: string) {
    this.#store = store;
    this.#study = study;
  }

  get position(): number {
    return this.#position;
  }

  /** Where an event of the study stands; in their order. */
  note({ event, position, asked }: Outlined): void {
    const places = this.#places;
    if (event.type === 'past' && asked !== undefined) places.set(event.trial, { asked, finished: position });
    if (event.type === 'asked') places.set(event.trial, { asked: position });
    const known = event.type === 'finished' ? places.get(event.trial) : undefined;
    // What fails at a later rung says nothing of what was measured before.
    if (event.type === 'finished' && known && (event.outcome.state === 'done' || known.finished === undefined))
      places.set(event.trial, { ...known, finished: position });
    this.#position = Math.max(this.#position, position + 1);
  }

  /** Notes what the store has by now. */
  catchUp(): void {
    for (const outlined of this.#store.outline(this.#study, this.#position)) this.note(outlined);
  }

  /** Undefined for a trial that was not asked, or not noted. */
  of(trial: number): Recalled | undefined {
    const places = this.#places.get(trial);
    if (!places) return undefined;
    const known = this.#known.get(trial);
    if (known && known.finished === places.finished) return known.recalled;
    const recalled = this.#read(places);
    if (recalled && places.finished !== undefined) this.#known.set(trial, { finished: places.finished, recalled });
    return recalled;
  }

  #read({ asked, finished }: Places): Recalled | undefined {
    const begin = this.#store.event(this.#study, asked);
    if (begin?.type !== 'asked') return undefined;
    const end = finished === undefined ? undefined : this.#store.event(this.#study, finished);
    const outcome = end?.type === 'finished' ? end.outcome : undefined;
    const details = outcome?.state === 'done' ? outcome.details : undefined;
    return { candidate: begin.candidate, ...(details === undefined ? {} : { details }) };
  }
}
