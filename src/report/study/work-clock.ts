import type { StudyEvent } from '../../core/event.ts';

/** What may come while no search runs the study. */
const between: ReadonlySet<StudyEvent['type']> = new Set(['favourite', 'queued', 'replicated']);

/** How long a study had worked by the time of an event, in milliseconds over all its sessions: the rest between two takes none. */
export class WorkClock {
  /** Of the sessions before. */
  #before = 0;
  /** Undefined between two sessions. */
  #begun: number | undefined;
  /** When the session was last heard of: one that died has no end. */
  #last = 0;

  /** In the order of the events. */
  at(event: StudyEvent): number {
    const begins = event.type === 'session' && event.phase === 'begin';
    if (begins) this.#end(this.#last);
    if (begins) this.#begun = event.at;
    if (!between.has(event.type)) this.#last = event.at;
    if (event.type === 'session' && event.phase === 'end') this.#end(event.at);
    return this.#before + (this.#begun === undefined ? 0 : Math.max(0, event.at - this.#begun));
  }

  #end(at: number): void {
    if (this.#begun !== undefined) this.#before += Math.max(0, at - this.#begun);
    this.#begun = undefined;
  }
}
